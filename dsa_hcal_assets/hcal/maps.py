"""Pictures of the detector: eta-phi maps, half-sector strips over the day, sector profiles.

Belongs here: drawing frames that readers.py returns. Not here: reading or judging. Every figure is
drawn on matplotlib's object interface (quality.figures), so any thread may draw.

Towers and half-sectors without a value are grey and hatched, never blank and never a colour of the
scale. The scale spans the central 98 % of the values; an arrow at its end says that some lie beyond.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.geometry import Detector
from dsa_hcal_assets.quality import figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

Floats = NDArray[np.float64]

_MISSING = "#d4d7dc"
_HATCH = "#8b929c"
_TAILS = (1, 99)  # percentiles the colour scale spans


@dataclass(frozen=True)
class Quantity:
    """What is drawn: column of the frame, words for people, unit, colour map.

    Parameters
    ----------
    smallest_span
        The colour scale covers at least this much, so that noise does not look like structure.
    """

    column: str
    label: str
    unit: str
    colours: str
    smallest_span: float

    @property
    def text(self) -> str:
        """Label with the unit behind it."""
        return f"{self.label} ({self.unit})"


TEMPERATURE = Quantity("temperature", "SiPM temperature", "°C", "viridis", 0.5)
LEAKAGE = Quantity("leakage", "Leakage current", "board units", "magma", 0.1)
OFFSET = Quantity("bias_offset", "Bias offset", "mV", "cividis", 10.0)


def tower_grid(frame: pd.DataFrame, detector: Detector, column: str) -> Floats:
    """Return a column of towers as float64[24 eta, 64 phi], NaN where there is no value."""
    grid = np.full((geometry.ETA_BINS, geometry.PHI_BINS), np.nan)
    chosen = frame[frame["detector"] == int(detector)]
    grid[chosen["ieta"], chosen["iphi"]] = chosen[column].to_numpy(dtype=np.float64)
    return grid


def eta_phi_map(
    frame: pd.DataFrame,
    detector: Detector,
    quantity: Quantity,
    allowed: tuple[float, float] = (-np.inf, np.inf),
) -> "Figure":
    """Return a map of one quantity over eta and phi of one detector.

    Parameters
    ----------
    frame
        One row a tower with `detector`, `ieta`, `iphi` and the quantity's column, as
        `readers.towers_of_day` and `readers.state_at` return.
    allowed
        Towers outside this range get a red frame, since the colour scale is not made for them.
    """
    grid = tower_grid(frame, detector, quantity.column)
    figure = figures.figure(8.2, 3.9)
    axes = figure.add_subplot()
    _image(figure, axes, grid, quantity, extent=(-0.5, 63.5, -0.5, 23.5), label=quantity.text)
    axes.set_xlabel("iphi")
    axes.set_ylabel("ieta")
    axes.set_xticks(np.arange(0, geometry.PHI_BINS, 8))
    axes.set_yticks([0, 6, 12, 18, 23])
    axes.axhline(geometry.HALF_ETA_BINS - 0.5, color="white", linewidth=1.4)
    _side_names(axes)
    sectors = axes.secondary_xaxis("top", functions=(_sector_of_iphi, _iphi_of_sector))
    sectors.set_xticks(np.arange(0, geometry.SECTORS, 4))
    sectors.set_xlabel("sector")
    said = _mark_outside(axes, grid, allowed, quantity.unit) + _missing(grid)
    note = "   ".join(said)
    axes.text(1.0, -0.13, note, transform=axes.transAxes, ha="right", va="top", color=figures.RED)
    axes.set_title(f"{detector.label}: {quantity.label}", loc="left", fontweight="bold", pad=10)
    return figure


def half_sector_strip(rollup: pd.DataFrame, detector: Detector, quantity: Quantity) -> "Figure":
    """Return how the means of a detector's half-sectors ran over the day, as two strips.

    Parameters
    ----------
    rollup
        Rows of `half_sector_hour` of one UTC day (`readers.rollup_of_day`).
    """
    hours = np.full((2, geometry.SECTORS, 24), np.nan)
    chosen = _rows_of(rollup, detector, quantity)
    half_sector = chosen["half_sector"].to_numpy(dtype=np.int64) % (2 * geometry.SECTORS)
    hour = pd.DatetimeIndex(chosen["bucket"]).hour
    hours[half_sector % 2, half_sector // 2, hour] = chosen["mean"]
    figure = figures.figure(8.2, 4.6)
    both = figure.subplots(1, 2, sharey=True)
    limits = _limits(hours, quantity)
    for axes, half, name in zip(both, hours, ("north", "south"), strict=True):
        image = _draw(axes, half, quantity, limits, extent=(0, 24, -0.5, 31.5))
        axes.set_title(f"{detector.label} {name}", loc="left", fontweight="bold")
        axes.set_xlabel("hour (UTC)")
        axes.set_xticks(np.arange(0, 25, 6))
        axes.set_yticks(np.arange(0, 32, 4))
    both[0].set_ylabel("sector")
    bar = figure.colorbar(image, ax=list(both), extend=_extend(hours, limits), pad=0.02)
    bar.set_label(f"{quantity.text}, mean")
    return figure


def sector_profile(rollup: pd.DataFrame, detector: Detector, quantity: Quantity) -> "Figure":
    """Return mean and range of each half-sector's day against the sector.

    Parameters
    ----------
    rollup
        Rows of `half_sector_day` of one UTC day.
    """
    chosen = _rows_of(rollup, detector, quantity)
    half_sector = chosen["half_sector"].to_numpy(dtype=np.int64) % (2 * geometry.SECTORS)
    figure = figures.figure(8.2, 3.2)
    axes = figure.add_subplot()
    sides = ((figures.BLUE, "^", "north", -0.14), (figures.ORANGE, "v", "south", 0.14))
    for half, (colour, marker, name, shift) in enumerate(sides):
        rows = chosen[half_sector % 2 == half]
        sector = half_sector[half_sector % 2 == half] // 2 + shift
        mean = rows["mean"].to_numpy()
        spread = rows["std"].fillna(0).to_numpy()
        axes.vlines(sector, rows["min"], rows["max"], color=colour, alpha=0.35, linewidth=1.2)
        axes.errorbar(
            sector, mean, spread, fmt=marker, color=colour, markersize=4.5, elinewidth=2.6, label=name
        )
    missing = sorted(set(range(geometry.SECTORS)) - set((half_sector // 2).tolist()))
    for sector in missing:
        axes.axvspan(
            sector - 0.5, sector + 0.5, facecolor=_MISSING, edgecolor=_HATCH, hatch="///", linewidth=0
        )
    if len(chosen):
        # one hot tower must not flatten all others: its line may leave the frame, the maps show it
        low, high = np.percentile(chosen["min"], _TAILS[0]), np.percentile(chosen["max"], _TAILS[1] - 2)
        margin = 0.1 * max(high - low, quantity.smallest_span)
        axes.set_ylim(low - margin, high + margin)
    axes.set_xlim(-0.6, 31.6)
    axes.set_xticks(np.arange(0, 32, 2))
    axes.set_xlabel("sector")
    axes.set_ylabel(quantity.text)
    axes.grid(axis="y", alpha=0.25)
    if len(chosen):
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    axes.set_title(f"{detector.label}: {quantity.label}", loc="left", fontweight="bold")
    return figure


def _sector_of_iphi(iphi: ArrayLike) -> Floats:
    return (np.asarray(iphi, dtype=np.float64) - 0.5) / geometry.SECTOR_PHI_BINS


def _iphi_of_sector(sector: ArrayLike) -> Floats:
    return np.asarray(sector, dtype=np.float64) * geometry.SECTOR_PHI_BINS + 0.5


def _rows_of(rollup: pd.DataFrame, detector: Detector, quantity: Quantity) -> pd.DataFrame:
    inside = rollup["half_sector"] // (2 * geometry.SECTORS) == int(detector)
    return rollup[inside & (rollup["quantity"] == quantity.column)]


def _image(
    figure: "Figure",
    axes: "Axes",
    grid: Floats,
    quantity: Quantity,
    *,
    extent: tuple[float, float, float, float],
    label: str,
) -> None:
    limits = _limits(grid, quantity)
    image = _draw(axes, grid, quantity, limits, extent)
    bar = figure.colorbar(image, ax=axes, extend=_extend(grid, limits), pad=0.05, aspect=16)
    bar.set_label(label)


def _draw(
    axes: "Axes",
    grid: Floats,
    quantity: Quantity,
    limits: tuple[float, float],
    extent: tuple[float, float, float, float],
) -> "AxesImage":
    # the hatched ground shows through wherever the image has no value
    axes.set_facecolor(_MISSING)
    axes.patch.set(hatch="////", edgecolor=_HATCH, linewidth=0)
    return axes.imshow(
        grid,
        origin="lower",
        extent=extent,
        aspect="auto",
        interpolation="nearest",
        cmap=quantity.colours,
        vmin=limits[0],
        vmax=limits[1],
    )


def _limits(values: Floats, quantity: Quantity) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    low, high = (float(edge) for edge in np.percentile(known, _TAILS))
    lacking = max(0.0, quantity.smallest_span - (high - low)) / 2
    return low - lacking, high + lacking


def _extend(values: Floats, limits: tuple[float, float]) -> str:
    known = values[np.isfinite(values)]
    below, above = bool((known < limits[0]).any()), bool((known > limits[1]).any())
    return {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[
        below, above
    ]


def _side_names(axes: "Axes") -> None:
    for place, name in ((0.25, "south"), (0.75, "north")):
        axes.text(1.008, place, name, transform=axes.transAxes, rotation=90, va="center", color=figures.GREY)


def _mark_outside(axes: "Axes", grid: Floats, allowed: tuple[float, float], unit: str) -> list[str]:
    """Frame the towers outside `allowed`; return what to say about them."""
    from matplotlib.patches import Rectangle

    eta, phi = np.nonzero((grid < allowed[0]) | (grid > allowed[1]))
    for ieta, iphi in zip(eta.tolist(), phi.tolist(), strict=True):
        axes.add_patch(
            Rectangle((iphi - 0.5, ieta - 0.5), 1, 1, fill=False, edgecolor="red", linewidth=2, zorder=5)
        )
    return [f"{len(eta)} outside {allowed[0]:g}–{allowed[1]:g} {unit} (red)"] if len(eta) else []


def _missing(grid: Floats) -> list[str]:
    missing = int(np.isnan(grid).sum())
    return [f"{missing} of {grid.size} not read (hatched)"] if missing else []
