"""The flagging steps that look at whole rows: which rows or antennas they object to, and in what order.

What looks at single samples is in `marks`, the search for interference in `sumthreshold`.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.flagging.series import Layout
from dsa_hcal_assets.radio.flagging.visibilities import Window
from dsa_hcal_assets.radio.profiles.processing import Flagging

Mask = NDArray[np.bool_]

# sigma of a normal distribution = 1.4826 x its median absolute deviation
MAD_TO_SIGMA = 1.4826


class Step(IntEnum):
    """The steps of flagging in their order; 0 is a good visibility."""

    GOOD = 0
    CONVERSION = 1
    ZEROS = 2
    EDGES = 3
    SCAN_START = 4
    AUTOCORRELATIONS = 5
    CLIP = 6
    DEAD = 7
    SEARCH = 8
    MAD = 9
    EXTENSION = 10

    @property
    def title(self) -> str:
        """Name in reports."""
        return _TITLES[self]


_TITLES = {
    Step.GOOD: "good",
    Step.CONVERSION: "conversion",
    Step.ZEROS: "exact zeros",
    Step.EDGES: "edge channels",
    Step.SCAN_START: "scan start",
    Step.AUTOCORRELATIONS: "autocorrelations",
    Step.CLIP: "amplitude clip",
    Step.DEAD: "dead antennas",
    Step.SEARCH: "search",
    Step.MAD: "MAD clip",
    Step.EXTENSION: "extension",
}


def zeros(window: Window) -> Mask:
    """Visibilities that are exactly zero (no data were written) or not finite; shape of the data."""
    return np.asarray((window.data == 0) | ~np.isfinite(window.data))


def row_steps(layout: Layout, limits: Flagging) -> NDArray[np.uint8]:
    """Return the step that takes each row whole, 0 where none does; shape (n_row,)."""
    steps = np.zeros(layout.rows.size, np.uint8)
    if limits.autocorrelations:
        steps[~layout.cross] = Step.AUTOCORRELATIONS
    steps[scan_start(layout, limits.quack_seconds)] = Step.SCAN_START
    return steps


def scan_start(layout: Layout, seconds: float) -> Mask:
    """The first `seconds` of each scan, when antennas may still be settling; shape (n_row,)."""
    early = np.zeros(layout.rows.size, dtype=bool)
    if seconds > 0:
        for scan in np.unique(layout.scan):
            rows = layout.scan == scan
            early |= rows & (layout.time < layout.time[rows].min() + seconds)
    return early


def dead_antennas(layout: Layout, share: NDArray[np.floating], fraction: float) -> list[int]:
    """Antennas of whose cross-correlations more than `fraction` is flagged; ids ascending.

    `share` is what is flagged of each row, shape (n_row,). A dead antenna takes its partners' baselines
    with it, so shares are taken over baselines between antennas that have any data, and the worst
    antenna goes first.
    """
    pairs = np.stack([layout.antenna1, layout.antenna2])[:, layout.cross]
    flagged = share[layout.cross]
    alive = np.ones(flagged.size, dtype=bool)
    dead: list[int] = []
    count = int(pairs.max(initial=-1)) + 1
    while alive.any():
        total = sum(np.bincount(side[alive], minlength=count) for side in pairs)
        bad = sum(np.bincount(side[alive], weights=flagged[alive], minlength=count) for side in pairs)
        shares = np.divide(bad, total, out=np.zeros(count), where=total > 0)
        worst = int(np.argmax(shares))
        if shares[worst] <= fraction:
            break
        dead.append(worst)
        alive &= (pairs != worst).all(axis=0)
    return sorted(dead)
