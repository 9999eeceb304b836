"""How much was flagged, where and why: numbers for the gate and arrays for the figures.

Shares are counted over cross-correlations of working receptors. A receptor (antenna and feed) works
when any of its cross-correlations is neither exactly zero nor invalid: stations without a dish must
not make a clean observation look bad.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.flagging.steps import MAD_TO_SIGMA, zeros
from dsa_hcal_assets.radio.flagging.visibilities import Window

LENGTH_BINS = 24


@dataclass
class Tally:
    """Flagged and counted visibilities along one axis."""

    flagged: dict[float, float] = field(default_factory=dict)
    counted: dict[float, float] = field(default_factory=dict)

    def add(
        self, keys: NDArray[np.float64], flagged: NDArray[np.float64], counted: NDArray[np.float64]
    ) -> None:
        """Add sums of `flagged` and `counted` under `keys` (all shape (n,))."""
        unique, inverse = np.unique(keys, return_inverse=True)
        for sums, values in ((self.flagged, flagged), (self.counted, counted)):
            for key, total in zip(unique, np.bincount(inverse, weights=values), strict=True):
                sums[float(key)] = sums.get(float(key), 0.0) + float(total)

    def shares(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return keys (ascending) with anything counted, and the flagged share of each."""
        keys = np.array(sorted(key for key, total in self.counted.items() if total > 0))
        return keys, np.array([self.flagged[key] / self.counted[key] for key in keys])


@dataclass
class Statistics:
    """Flag statistics of a Measurement Set, filled window by window."""

    antenna: Tally = field(default_factory=Tally)
    frequency: Tally = field(default_factory=Tally)
    time: Tally = field(default_factory=Tally)
    length: Tally = field(default_factory=Tally)
    steps: dict[str, float] = field(default_factory=dict)
    working_receptors: set[tuple[int, int]] = field(default_factory=set)
    dead: set[int] = field(default_factory=set)
    flagged: float = 0.0
    counted: float = 0.0
    kurtosis: list[float] = field(default_factory=list)

    @property
    def fraction(self) -> float:
        """Flagged share of the cross-correlations of working receptors; NaN when none works."""
        return self.flagged / self.counted if self.counted else float("nan")

    @property
    def working_antennas(self) -> set[int]:
        """Antennas with at least one working receptor that were not found dead."""
        return {antenna for antenna, _ in self.working_receptors} - self.dead

    def add(self, window: Window, flag: NDArray[np.bool_], reasons: dict[str, NDArray[np.bool_]]) -> None:
        """Count a window: its final flags, and what each step added (shape of the data each)."""
        weight = working(window)
        self._note_receptors(window, weight)
        weighted = (flag & weight).astype(np.float32)
        bad, seen = weighted.sum(axis=(1, 2)), weight.sum(axis=(1, 2), dtype=np.float64)
        for side in (window.antenna1, window.antenna2):
            self.antenna.add(side.astype(float), bad, seen)
        self.time.add(window.time, bad, seen)
        self.length.add(_length_bin(window.baseline_m), bad, seen)
        self.frequency.add(
            window.frequency_hz,
            weighted.sum(axis=(0, 2), dtype=np.float64),
            weight.sum(axis=(0, 2), dtype=float),
        )
        self.flagged += float(bad.sum())
        self.counted += float(seen.sum())
        for step, mask in reasons.items():
            self.steps[step] = self.steps.get(step, 0.0) + float((mask & weight).sum())
        self.kurtosis.append(difference_kurtosis(window, flag))

    def step_fractions(self) -> dict[str, float]:
        """Share of the counted visibilities each step was the first to flag."""
        return {step: count / self.counted if self.counted else 0.0 for step, count in self.steps.items()}

    def _note_receptors(self, window: Window, weight: NDArray[np.bool_]) -> None:
        rows = np.asarray(weight.any(axis=1))
        for feed in range(rows.shape[1]):
            for side in (window.antenna1, window.antenna2):
                self.working_receptors |= {(int(antenna), feed) for antenna in np.unique(side[rows[:, feed]])}


def working(window: Window) -> NDArray[np.bool_]:
    """Visibilities that count: cross-correlations between two working receptors; shape of the data."""
    empty = np.asarray(zeros(window).all(axis=1))
    count = int(max(window.antenna1.max(initial=0), window.antenna2.max(initial=0))) + 1
    alive = np.zeros((count, empty.shape[1]), dtype=bool)
    for feed in range(empty.shape[1]):
        rows = window.cross & ~empty[:, feed]
        alive[window.antenna1[rows], feed] = True
        alive[window.antenna2[rows], feed] = True
    rows_and_feeds = alive[window.antenna1] & alive[window.antenna2] & window.cross[:, None]
    return np.broadcast_to(rows_and_feeds[:, None, :], window.data.shape)


def difference_kurtosis(window: Window, flag: NDArray[np.bool_]) -> float:
    """Kurtosis (3 for Gaussian noise) of the real parts after the sky has been taken out.

    The difference of neighbouring channels, less its median over time, holds noise and interference
    only; it is scaled by its robust deviation for each baseline and field, so that antennas of
    different gain can be joined.
    Unflagged interference makes it large. NaN when fewer than a hundred differences are left.
    """
    difference = np.diff(window.data.real.astype(np.float64), axis=1)
    bad = flag[:, 1:] | flag[:, :-1] | ~window.cross[:, None, None]
    difference[bad] = np.nan
    group = window.baseline * (int(window.field.max(initial=0)) + 1) + window.field
    order = np.argsort(group, kind="stable")
    parts = []
    for rows in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        values = difference[rows]
        counted = np.isfinite(values).any(axis=0)
        values = (values - np.nanmedian(np.where(counted, values, 0.0), axis=0))[np.isfinite(values)]
        if values.size >= 20:
            deviation = MAD_TO_SIGMA * np.median(np.abs(values - np.median(values)))
            parts.append(values / deviation if deviation > 0 else values[:0])
    joined = np.concatenate(parts) if parts else np.zeros(0)
    if joined.size < 100:
        return float("nan")
    centred = joined - joined.mean()
    return float((centred**4).mean() / (centred**2).mean() ** 2)


def _length_bin(length_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round baseline lengths to the centre of equal bins, m."""
    width = max(float(length_m.max(initial=0.0)), 1.0) / LENGTH_BINS
    return (np.minimum(length_m // width, LENGTH_BINS - 1) + 0.5) * width
