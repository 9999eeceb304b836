"""Gain modes as shifters know them: one tile a half-sector, I-00N ... O-31S."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.geometry import Detector
from dsa_hcal_assets.hcal.maps import HATCH, MISSING
from dsa_hcal_assets.quality import figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 16
_COLOURS = {"normal": "#cfe3f2", "high": figures.ORANGE}


def gain_of_half_sectors(state: pd.DataFrame) -> list[str | None]:
    """Return the gain mode of each half-sector, None where it was not read; see `readers.state_at`."""
    modes = state.dropna(subset=["gain"]).groupby("half_sector")["gain"].first()
    return [modes.get(number) for number in range(geometry.HALF_SECTORS)]


def gain_tiles(gains: list[str | None], wrong: set[int]) -> "Figure":
    """Return the tiles of both detectors.

    Parameters
    ----------
    gains
        Mode of each of the 128 half-sectors: ``normal``, ``high`` or None.
    wrong
        Half-sectors in another mode than their sector: framed in red.
    """
    from matplotlib.patches import Rectangle

    figure = figures.figure(9.4, 4.4)
    figure.set_layout_engine(None)  # placed, not laid out: measuring 128 labels takes its time
    for detector in Detector:
        axes = figure.add_axes((0.005, 0.505 - 0.5 * int(detector), 0.99, 0.43))
        for sector in range(geometry.SECTORS):
            for half in (geometry.NORTH, geometry.SOUTH):
                number = 2 * (geometry.SECTORS * int(detector) + sector) + half
                row, column = 2 * (sector // COLUMNS) + half, sector % COLUMNS
                gain = gains[number]
                tile = Rectangle(
                    (column + 0.03, row + 0.05), 0.94, 0.9, facecolor=_COLOURS.get(str(gain), MISSING)
                )
                tile.set(edgecolor="white", linewidth=0.5)
                if gain is None:
                    tile.set(hatch="////", edgecolor=HATCH, linewidth=0)
                axes.add_patch(tile)
                if number in wrong:
                    frame = Rectangle((column + 0.05, row + 0.08), 0.9, 0.84, fill=False, edgecolor="red")
                    frame.set(linewidth=2)
                    axes.add_patch(frame)
                label = geometry.half_sector_label(number)
                axes.text(column + 0.5, row + 0.5, label, ha="center", va="center", fontsize=8)
        axes.set(xlim=(0, COLUMNS), ylim=(4, 0))
        axes.axis("off")
        axes.set_title(
            f"{detector.label}: {_count(gains, detector)}", loc="left", fontweight="bold", fontsize=10
        )
    return figure


def _count(gains: list[str | None], detector: Detector) -> str:
    half = geometry.HALF_SECTORS // len(Detector)
    own = gains[half * int(detector) : half * (int(detector) + 1)]
    counted = (
        (name, own.count(mode)) for name, mode in (("normal", "normal"), ("high", "high"), ("not read", None))
    )
    return ", ".join(f"{count} {name}" for name, count in counted if count)


def outlined(mode_anomalies: pd.DataFrame, cycle: pd.Timestamp) -> set[int]:
    """Return the half-sectors whose mode was wrong in the cycle that is shown."""
    now = (mode_anomalies["started_at"] <= cycle) & ~(mode_anomalies["ended_at"] <= cycle)
    return set(np.asarray(mode_anomalies.loc[now, "half_sector"], dtype=int).tolist())
