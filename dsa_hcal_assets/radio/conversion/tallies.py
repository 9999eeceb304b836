"""Sums over the cross-correlations of a Measurement Set, by window and by pair of antennas."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass
class WindowSurvey:
    """Sums over the cross-correlations of one window.

    `amplitude_sum`, `used` and `flagged` are (channels, correlations); `flagged_of_time` is
    (times, channels), summed over correlations, and `counted_of_time` (times,) what there was.
    """

    frequencies_hz: Floats
    widths_hz: Floats
    amplitude_sum: Floats
    used: Floats
    flagged: Floats
    amplitude_of_time: Floats
    flagged_of_time: Floats
    counted_of_time: Floats
    total: int = 0
    all_zero: bool = True

    @classmethod
    def empty(cls, frequencies_hz: Floats, widths_hz: Floats, times: int, correlations: int) -> Self:
        """Return the survey of a window of which nothing has been read."""
        shape = (len(frequencies_hz), correlations)
        return cls(
            frequencies_hz,
            widths_hz,
            amplitude_sum=np.zeros(shape),
            used=np.zeros(shape),
            flagged=np.zeros(shape),
            amplitude_of_time=np.zeros(times),
            flagged_of_time=np.zeros((times, len(frequencies_hz))),
            counted_of_time=np.zeros(times),
        )

    @property
    def mean_amplitude(self) -> Floats:
        """Mean amplitude of unflagged cross-correlations; NaN where all are flagged."""
        return np.divide(
            self.amplitude_sum, self.used, out=np.full_like(self.amplitude_sum, np.nan), where=self.used > 0
        )

    def add(self, amplitude: NDArray[np.float32], flags: Bools, cross: Bools, when: Ints) -> None:
        """Add rows: `amplitude` and `flags` (rows, channels, correlations) are zero for what does not count.

        `cross` and `when` (rows,) tell cross-correlations, and each row's index in time.
        """
        starts = np.flatnonzero(np.diff(when, prepend=-1))
        at = when[starts]
        counted = np.add.reduceat(cross, starts, dtype=np.int64)
        shape = (len(starts), *self.amplitude_sum.shape)
        sums, flagged = np.empty(shape), np.empty(shape)
        for number, (start, stop) in enumerate(zip(starts, [*starts[1:], len(when)], strict=True)):
            amplitude[start:stop].sum(axis=0, dtype=np.float64, out=sums[number])
            flagged[number] = flags[start:stop].view(np.uint8).sum(axis=0, dtype=np.uint32)
        self.amplitude_sum += sums.sum(axis=0)
        self.flagged += flagged.sum(axis=0)
        self.used += counted.sum() - flagged.sum(axis=0)
        self.total += int(counted.sum()) * self.amplitude_sum.size
        np.add.at(self.amplitude_of_time, at, sums.sum(axis=(1, 2)))
        np.add.at(self.flagged_of_time, at, flagged.sum(axis=2))
        np.add.at(self.counted_of_time, at, counted * self.amplitude_sum.size)


@dataclass
class PairTally:
    """Visibilities by pair of antennas; arrays are (antennas, antennas, correlations).

    A receptor (antenna and correlation) works when any of its cross-correlations is unflagged and
    not zero: stations without a dish must not make a clean observation look bad.
    """

    antennas: Ints  # rows of the ANTENNA table, ascending
    flagged: Floats
    counted: Floats
    alive: Bools

    @classmethod
    def empty(cls, antennas: Ints, correlations: int) -> Self:
        """Return a tally of nothing."""
        shape = (len(antennas), len(antennas), correlations)
        return cls(antennas, np.zeros(shape), np.zeros(shape), np.zeros(shape, np.bool_))

    def add(
        self, first: Ints, second: Ints, amplitude: NDArray[np.float32], flags: Bools, cross: Bools
    ) -> bool:
        """Add rows as `WindowSurvey.add` takes them; tell whether an amplitude is not finite."""
        sums, flagged = _over_channels(amplitude), _over_channels(flags.view(np.uint8))
        pair = np.searchsorted(self.antennas, first), np.searchsorted(self.antennas, second)
        np.add.at(self.flagged, pair, flagged)
        np.add.at(self.counted, pair, np.where(cross, amplitude.shape[1], 0)[:, None])
        np.logical_or.at(self.alive, pair, sums > 0)
        return not bool(np.isfinite(sums).all())

    @property
    def working(self) -> Bools:
        """Receptors that work, (antennas, correlations)."""
        return np.asarray(self.alive.any(axis=0) | self.alive.any(axis=1))

    def flagged_fraction(self, *, working_only: bool) -> float:
        """Flagged share of the cross-correlations, of all or of pairs of working receptors."""
        counted = self.counted
        if working_only:
            working = self.working
            counted = counted * (working[:, None] & working[None, :])
        total = counted.sum()
        return float(self.flagged[counted > 0].sum() / total) if total else float("nan")

    @property
    def flagged_of_antenna(self) -> Floats:
        """Flagged share of each antenna's cross-correlations, (antennas,); NaN where it has none."""
        flagged, counted = (
            values.sum(axis=(0, 2)) + values.sum(axis=(1, 2)) for values in (self.flagged, self.counted)
        )
        shares: Floats = np.divide(flagged, counted, out=np.full(len(counted), np.nan), where=counted > 0)
        return shares


def _over_channels(values: NDArray[Any]) -> NDArray[np.float32]:
    """Sum (rows, channels, correlations) over channels; numpy is slow where the last axis is short."""
    hands = range(values.shape[2])
    return np.stack([values[:, :, hand].sum(axis=1, dtype=np.float32) for hand in hands], axis=1)
