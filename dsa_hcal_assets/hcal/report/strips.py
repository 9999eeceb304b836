"""How half-sectors ran over the day and how they compare: strips over time, profiles over sectors."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.geometry import Detector
from dsa_hcal_assets.hcal.maps import HATCH, MISSING, Quantity, colour_limits, draw, extend_of
from dsa_hcal_assets.quality import figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    limits = colour_limits(hours, quantity)
    for axes, half, name in zip(both, hours, ("north", "south"), strict=True):
        image = draw(axes, half, quantity, limits, extent=(0, 24, -0.5, 31.5))
        axes.set_title(f"{detector.label} {name}", loc="left", fontweight="bold")
        axes.set_xlabel("hour (UTC)")
        axes.set_xticks(np.arange(0, 25, 6))
        axes.set_yticks(np.arange(0, 32, 4))
    both[0].set_ylabel("sector")
    bar = figure.colorbar(image, ax=list(both), extend=extend_of(hours, limits), pad=0.02)
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
        axes.axvspan(sector - 0.5, sector + 0.5, facecolor=MISSING, edgecolor=HATCH, hatch="///", linewidth=0)
    if len(chosen):
        # one hot tower must not flatten all others: its line may leave the frame, the maps show it
        low, high = np.percentile(chosen["min"], 1), np.percentile(chosen["max"], 97)
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


def _rows_of(rollup: pd.DataFrame, detector: Detector, quantity: Quantity) -> pd.DataFrame:
    inside = rollup["half_sector"] // (2 * geometry.SECTORS) == int(detector)
    return rollup[inside & (rollup["quantity"] == quantity.column)]
