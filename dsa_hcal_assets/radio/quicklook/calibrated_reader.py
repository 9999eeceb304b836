"""Subbands read as calibrated, averaged visibilities: flags and gains applied block by block."""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.calibration.gain_curves import GainCurves
from dsa_hcal_assets.radio.calibration.streamed_application import FEEDS, THREADS, calibrate_rows
from dsa_hcal_assets.radio.calibration.tally import Tally
from dsa_hcal_assets.radio.conversion.plan import Plan, Window
from dsa_hcal_assets.radio.conversion.rows import pieces
from dsa_hcal_assets.radio.conversion.stopwatch import Stopwatch
from dsa_hcal_assets.radio.conversion.visibilities import Block, GroupReader
from dsa_hcal_assets.radio.quicklook.light_flags import amplitude_limits, flag_lightly


class CalibratedReader(GroupReader):
    """A reader whose blocks are flagged lightly, calibrated and averaged in frequency.

    It takes the place of a `GroupReader` where rows are written; several threads may read blocks.

    Parameters
    ----------
    plan
        Of the group.
    curves
        Gains of each of its windows.
    average
        Channels of an average; the last one of a window may have fewer.
    clip_sigma
        Limit of cross amplitudes, see `amplitude_limits`.
    watch
        Gets what reading (``load``), arranging (``phase``) and calibrating (``calibrate``) take.

    Attributes
    ----------
    tallies
        What was seen of each window, complete when all blocks have been read.
    read_at
        When the last block so far had been read from its files (monotonic clock, s).
    """

    def __init__(
        self,
        plan: Plan,
        curves: Sequence[GainCurves],
        average: int,
        clip_sigma: float | None,
        watch: Stopwatch,
    ) -> None:
        super().__init__(plan, watch=watch)
        self._calibrating = watch
        self._clip_sigma = clip_sigma
        header = plan.reference
        first, second = header.ant1[plan.rows], header.ant2[plan.rows]
        # as the rows of the Measurement Set name them
        self._first = np.where(plan.swapped, second, first).astype(np.int32)
        self._second = np.where(plan.swapped, first, second).astype(np.int32)
        self._moment = np.unique(header.times_jd, return_inverse=True)[1][plan.rows]
        self._windows = {id(window): number for number, window in enumerate(plan.windows)}
        self._gains = [(one.spectrum.astype(np.complex64), one.course.astype(np.complex64)) for one in curves]
        self._edges = [averages(window, average) for window in plan.windows]
        self._feeds = np.array(FEEDS[len(plan.correlations)])
        self.tallies = _tallies(plan, curves)
        self.read_at = 0.0

    def read(self, window: Window, start: int, stop: int) -> Block:
        """Return rows `start` to `stop` of `window`, calibrated; weights are those of each average."""
        block = super().read(window, start, stop)
        self.read_at = max(self.read_at, time.monotonic())
        with self._calibrating("calibrate"):
            return self._calibrated(block, self._windows[id(window)], slice(start, stop))

    def _calibrated(self, block: Block, number: int, rows: slice) -> Block:
        cross = self._first[rows] != self._second[rows]
        limits = amplitude_limits(block.data, cross, self._clip_sigma)
        flag_lightly(block.data, cross, limits, block.flags)
        edges, tally = self._edges[number], self.tallies[number]
        spectrum, course = self._gains[number]
        shape = (len(block.data), len(edges) - 1, block.data.shape[2])
        averaged, weights = np.zeros(shape, np.complex64), np.zeros(shape, np.float32)
        for share in range(THREADS):
            calibrate_rows(
                share,
                block.data,
                block.flags,
                block.weights,
                self._first[rows],
                self._second[rows],
                self._moment[rows],
                spectrum,
                course,
                self._feeds,
                edges,
                averaged,
                weights,
                tally.empty[rows],
                tally.flagged[rows],
                tally.zero[rows],
                tally.real_sum[rows],
            )
        flags = weights == 0
        mean = weights.sum(axis=1) / np.maximum((~flags).sum(axis=1), 1)
        return Block(averaged, flags, mean.astype(np.float32), weights, block.bad)


def averages(window: Window, average: int) -> NDArray[np.int64]:
    """Return the first channel of each average, and the end of the last one."""
    channels = len(window.frequencies_hz)
    return np.append(np.arange(0, channels, average), channels)


def averaged_plan(plan: Plan, average: int) -> Plan:
    """Return the plan with the channels of its windows averaged: what the tables written describe."""
    return replace(plan, windows=tuple(_averaged(window, average) for window in plan.windows))


def _averaged(window: Window, average: int) -> Window:
    edges = averages(window, average)
    frequencies = np.add.reduceat(window.frequencies_hz, edges[:-1]) / np.diff(edges)
    return replace(
        window, frequencies_hz=frequencies, widths_hz=np.add.reduceat(window.widths_hz, edges[:-1])
    )


def _tallies(plan: Plan, curves: Sequence[GainCurves]) -> list[Tally]:
    places = [np.zeros(len(plan.rows), np.int64) for _ in plan.windows]
    for piece in pieces(plan, len(plan.rows)):
        count = piece.stop - piece.start
        places[piece.window][piece.start : piece.stop] = np.arange(piece.at, piece.at + count)
    return [
        replace(
            Tally.of(number, len(window.frequencies_hz), places[number], len(plan.correlations)),
            factor=curves[number].amplitude_factor,
        )
        for number, window in enumerate(plan.windows)
    ]
