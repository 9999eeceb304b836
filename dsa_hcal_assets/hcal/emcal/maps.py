"""Eta-phi maps of the EMCal, drawn as the hadronic calorimeter's (hcal/maps.py): one value a tower."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dsa_hcal_assets.hcal.emcal.geometry import ETA_BINS, PHI_BINS
from dsa_hcal_assets.hcal.maps import Floats, Quantity, colour_limits, draw, extend_of
from dsa_hcal_assets.quality import figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIPM = Quantity("temperature_sipm", "SiPM temperature", "°C", "viridis", 0.5)
PREAMP = Quantity("temperature_preamp", "Pre-amplifier temperature", "°C", "viridis", 0.5)
LEAKAGE = Quantity("leakage", "Leakage current", "board units", "magma", 0.1)
_BOARD_BINS = 8  # interface boards are squares of 8 x 8 towers


def tower_grid(frame: pd.DataFrame, column: str) -> Floats:
    """Return a column of towers as float64[96 eta, 256 phi], NaN where there is no value."""
    grid = np.full((ETA_BINS, PHI_BINS), np.nan)
    grid[frame["ieta"], frame["iphi"]] = frame[column].to_numpy(dtype=np.float64)
    return grid


def eta_phi_map(frame: pd.DataFrame, quantity: Quantity) -> "Figure":
    """Return a map of one quantity over eta and phi, with a line between the two sides.

    Parameters
    ----------
    frame
        Towers with `ieta`, `iphi` and the quantity's column, as `readers.towers_of_day` returns them.
    """
    grid = tower_grid(frame, quantity.column)
    figure = figures.figure(10.0, 4.4)
    axes = figure.add_subplot()
    limits = colour_limits(grid, quantity)
    extent = (-0.5, PHI_BINS - 0.5, -0.5, ETA_BINS - 0.5)
    image = draw(axes, grid, quantity, limits, extent)
    bar = figure.colorbar(image, ax=axes, extend=extend_of(grid, limits), pad=0.02, aspect=18)
    bar.set_label(quantity.text)
    axes.set_xlabel("iphi")
    axes.set_ylabel("ieta (south below, north above)")
    axes.set_xticks(np.arange(0, PHI_BINS, 4 * _BOARD_BINS))
    axes.set_yticks(np.arange(0, ETA_BINS, 2 * _BOARD_BINS))
    axes.axhline(ETA_BINS / 2 - 0.5, color="white", linewidth=1.4)
    axes.set_title(f"EMCal: {quantity.label}", loc="left", fontweight="bold", pad=10)
    missing = int(np.isnan(grid).sum())
    if missing:
        axes.text(
            1.0,
            1.02,
            f"{missing} towers without a value (hatched)",
            transform=axes.transAxes,
            ha="right",
            color=figures.RED,
        )
    return figure
