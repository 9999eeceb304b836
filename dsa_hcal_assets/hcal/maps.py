"""Eta-phi maps of the detector, and how its pictures show what is missing.

Belongs here: drawing one value a tower. Not here: reading or judging, pictures over time (report/). Every
figure is drawn on matplotlib's object interface (quality.figures), so any thread may draw.

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
Bools = NDArray[np.bool_]

MISSING = "#d4d7dc"
HATCH = "#8b929c"
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
    framed: Bools | None = None,
) -> "Figure":
    """Return a map of one quantity over eta and phi of one detector.

    Parameters
    ----------
    frame
        One row a tower with `detector`, `ieta`, `iphi` and the quantity's column, as
        `readers.towers_of_day` and `readers.state_at` return.
    allowed
        Towers outside this range get a red frame, since the colour scale is not made for them.
    framed
        bool[3072], by `tower_id`: those with an anomaly of the quantity get one too.
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
    outside = (grid < allowed[0]) | (grid > allowed[1])
    said = _said(outside, f"outside {allowed[0]:g}–{allowed[1]:g} {quantity.unit} (red)")
    if framed is not None:
        towers = geometry.towers()
        own = towers.detector == int(detector)
        abnormal = np.zeros_like(outside)
        abnormal[towers.ieta[own], towers.iphi[own]] = framed[own]
        said += _said(abnormal, "with anomalies (red)")
        outside |= abnormal
    _frame(axes, outside)
    said += _missing(grid)
    note = "   ".join(said)
    axes.text(1.0, -0.13, note, transform=axes.transAxes, ha="right", va="top", color=figures.RED)
    axes.set_title(f"{detector.label}: {quantity.label}", loc="left", fontweight="bold", pad=10)
    return figure


def _sector_of_iphi(iphi: ArrayLike) -> Floats:
    return (np.asarray(iphi, dtype=np.float64) - 0.5) / geometry.SECTOR_PHI_BINS


def _iphi_of_sector(sector: ArrayLike) -> Floats:
    return np.asarray(sector, dtype=np.float64) * geometry.SECTOR_PHI_BINS + 0.5


def _image(
    figure: "Figure",
    axes: "Axes",
    grid: Floats,
    quantity: Quantity,
    *,
    extent: tuple[float, float, float, float],
    label: str,
) -> None:
    limits = colour_limits(grid, quantity)
    image = draw(axes, grid, quantity, limits, extent)
    bar = figure.colorbar(image, ax=axes, extend=extend_of(grid, limits), pad=0.05, aspect=16)
    bar.set_label(label)


def draw(
    axes: "Axes",
    grid: Floats,
    quantity: Quantity,
    limits: tuple[float, float],
    extent: tuple[float, float, float, float],
) -> "AxesImage":
    """Draw values as an image; where there is none, the hatched ground shows through."""
    axes.set_facecolor(MISSING)
    axes.patch.set(hatch="////", edgecolor=HATCH, linewidth=0)
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


def colour_limits(values: Floats, quantity: Quantity) -> tuple[float, float]:
    """Return the ends of the colour scale: the central 98 % of the values, and not too little."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    low, high = (float(edge) for edge in np.percentile(known, _TAILS))
    lacking = max(0.0, quantity.smallest_span - (high - low)) / 2
    return low - lacking, high + lacking


def extend_of(values: Floats, limits: tuple[float, float]) -> str:
    """Return at which ends of a colour scale values lie beyond, as matplotlib calls it."""
    known = values[np.isfinite(values)]
    below, above = bool((known < limits[0]).any()), bool((known > limits[1]).any())
    return {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[
        below, above
    ]


def _side_names(axes: "Axes") -> None:
    for place, name in ((0.25, "south"), (0.75, "north")):
        axes.text(1.008, place, name, transform=axes.transAxes, rotation=90, va="center", color=figures.GREY)


def _frame(axes: "Axes", chosen: Bools) -> None:
    from matplotlib.patches import Rectangle

    for ieta, iphi in np.argwhere(chosen).tolist():
        axes.add_patch(
            Rectangle((iphi - 0.5, ieta - 0.5), 1, 1, fill=False, edgecolor="red", linewidth=1.6, zorder=5)
        )


def _said(chosen: Bools, what: str) -> list[str]:
    count = int(chosen.sum())
    return [f"{count} {what}"] if count else []


def _missing(grid: Floats) -> list[str]:
    missing = int(np.isnan(grid).sum())
    return [f"{missing} of {grid.size} not read (hatched)"] if missing else []
