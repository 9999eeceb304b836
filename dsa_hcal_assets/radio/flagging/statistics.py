"""How much was flagged, where and why: numbers for the gate and arrays for the figures.

Shares are counted over cross-correlations of working receptors. A receptor (antenna and feed) works
when any of its cross-correlations is neither exactly zero nor invalid: stations without a dish must
not make a clean observation look bad.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.flagging import marks
from dsa_hcal_assets.radio.flagging.noise import NoiseSample
from dsa_hcal_assets.radio.flagging.series import Layout
from dsa_hcal_assets.radio.flagging.steps import Step

LENGTH_BINS = 24


@dataclass
class Tally:
    """Flagged and counted visibilities along one axis."""

    flagged: dict[float, float] = field(default_factory=dict)
    counted: dict[float, float] = field(default_factory=dict)

    def add(self, keys: NDArray[Any], flagged: NDArray[Any], counted: NDArray[np.float64]) -> None:
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
    steps: dict[Step, int] = field(default_factory=dict)
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

    def add(
        self, layout: Layout, codes: NDArray[np.uint8], empty: NDArray[np.bool_], noise: NoiseSample
    ) -> None:
        """Count a window.

        Parameters
        ----------
        layout
            Its rows.
        codes
            The step that flagged each visibility first (`marks.Step`), shape of the data.
        empty
            Rows that hold nothing, shape (n_row, n_correlation).
        noise
            Some of its visibilities.
        """
        weight = self._working(layout, empty)
        by_step = np.zeros(len(Step), np.int64)
        by_row, by_channel = (np.zeros(size, np.int64) for size in layout.shape[:2])
        marks.count_steps(codes, weight, by_step, by_row, by_channel)
        seen = weight.sum(axis=1) * float(layout.shape[1])
        for side in (layout.antenna1, layout.antenna2):
            self.antenna.add(side, by_row, seen)
        self.time.add(layout.time, by_row, seen)
        self.length.add(_length_bin(layout.baseline_m), by_row, seen)
        self.frequency.add(layout.frequency_hz, by_channel, np.full(layout.shape[1], float(weight.sum())))
        self.flagged += float(by_row.sum())
        self.counted += float(seen.sum())
        for step in Step:
            if step is not Step.GOOD:
                self.steps[step] = self.steps.get(step, 0) + int(by_step[step])
        self.kurtosis.append(noise.kurtosis(codes[noise.rows] != 0))

    def step_fractions(self) -> dict[str, float]:
        """Share of the counted visibilities each step was the first to flag."""
        return {step.title: n / self.counted if self.counted else 0.0 for step, n in self.steps.items()}

    def _working(self, layout: Layout, empty: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Note the working receptors; return the rows between two of them, shape (n_row, n_correlation)."""
        count = int(max(layout.antenna1.max(initial=0), layout.antenna2.max(initial=0))) + 1
        alive = np.zeros((count, empty.shape[1]), dtype=bool)
        for feed in range(empty.shape[1]):
            rows = layout.cross & ~empty[:, feed]
            alive[layout.antenna1[rows], feed] = True
            alive[layout.antenna2[rows], feed] = True
        self.working_receptors |= {(int(antenna), int(feed)) for antenna, feed in np.argwhere(alive)}
        return np.asarray(alive[layout.antenna1] & alive[layout.antenna2] & layout.cross[:, None])


def _length_bin(length_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round baseline lengths to the centre of equal bins, m."""
    width = max(float(length_m.max(initial=0.0)), 1.0) / LENGTH_BINS
    return (np.minimum(length_m // width, LENGTH_BINS - 1) + 0.5) * width
