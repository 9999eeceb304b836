"""The steps of flagging in their order, in one pass over the visibilities.

Exact zeros, edges and scan starts, autocorrelations, amplitude clip, dead antennas, search, MAD clip,
extension: the order of DSA-110's operators. Blocks of whole baselines go through all steps that look at
visibilities; what only the whole set shows (dead antennas, interference of the array, extension) is
settled afterwards on the flags. Programs of others need the whole set: then there is a second pass.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.flagging import marks
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.flagging.noise import NoiseSample
from dsa_hcal_assets.radio.flagging.search import OURS, PROGRAMS, ArraySpectrum, method
from dsa_hcal_assets.radio.flagging.series import Block, Layout, blocks, layouts
from dsa_hcal_assets.radio.flagging.statistics import Statistics
from dsa_hcal_assets.radio.flagging.steps import Step, dead_antennas, row_steps
from dsa_hcal_assets.radio.flagging.sumthreshold import THREADS, search
from dsa_hcal_assets.radio.profiles.processing import Flagging

# rows of a block that stand for all of them where a bandpass is measured
BANDPASS_ROWS = 1024
Codes = NDArray[np.uint8]


def flag(ms: Path, limits: Flagging, scratch: Path) -> tuple[FlagSet, Statistics]:
    """Return the flags of a Measurement Set, which is only read, and what was flagged why.

    Raises
    ------
    BadInput
        If the set has no visibilities.
    ConfigurationError, WorkerCrashed, DeadlineExceeded, PermanentError
        As the chosen search.
    """
    chosen, statistics = method(limits), Statistics()
    program = PROGRAMS.get(chosen)
    with ThreadPoolExecutor(THREADS) as pool:
        windows = [_Window(layout, limits, pool) for layout in layouts(ms)]
        for window in windows:
            for block in blocks(ms, window.layout):
                codes = window.inspect(block)
                if chosen == OURS:
                    window.search(block, codes)
                if program is None:
                    window.clip(block, codes)
                window.codes[block.rows] = codes
        if program is not None:
            early = FlagSet({window.layout.description: window.codes != 0 for window in windows})
            found = program(ms, early, limits, scratch).masks
            for window in windows:
                window.codes[found.pop(window.layout.description) & (window.codes == 0)] = Step.SEARCH
                for block in blocks(ms, window.layout):
                    codes = window.codes[block.rows]
                    window.clip(block, codes)
                    window.codes[block.rows] = codes
        for window in windows:
            window.close(statistics)
    return FlagSet({window.layout.description: window.codes.view(np.bool_) for window in windows}), statistics


class _Window:
    """One data description and the step that first flagged each of its visibilities.

    Attributes
    ----------
    codes
        `marks.Step` of each visibility; after `close` 1 where it is flagged.
    empty
        Rows with nothing but zeros and invalid numbers, shape (n_row, n_correlation).
    flagged
        Share of each row that was flagged before the search, shape (n_row,).
    """

    def __init__(self, layout: Layout, limits: Flagging, pool: ThreadPoolExecutor) -> None:
        self.layout, self.limits, self.pool = layout, limits, pool
        self.codes: Codes = np.zeros(layout.shape, np.uint8)
        self.empty = np.zeros((layout.shape[0], layout.shape[2]), np.bool_)
        self.flagged = np.zeros(layout.shape[0])
        self.row_steps = row_steps(layout, limits)
        self.spectrum = ArraySpectrum.of(layout)
        self.noise = NoiseSample.of(layout)

    def inspect(self, block: Block) -> Codes:
        """Return what single samples and rows show: the steps up to the amplitude clip."""
        rows, limits = block.rows, self.limits
        codes = np.empty(block.data.shape, np.uint8)
        empty = np.empty(self.empty[rows].shape, np.bool_)
        highest = np.where(self.layout.cross[rows], limits.clip_max or np.inf, np.inf).astype(np.float32)
        self._run(
            marks.inspect, block.data, block.flag, limits.clip_zeros, limits.edge_channels,
            self.row_steps[rows], highest, codes, empty,
        )  # fmt: skip
        self.empty[rows] = empty
        self.flagged[rows] = np.count_nonzero(codes, axis=(1, 2)) / codes[0].size
        self.noise.take(block)
        return codes

    def search(self, block: Block, codes: Codes) -> None:
        """Search each series, and add it to the spectrum of the array."""
        spectrum = self.spectrum
        list(
            self.pool.map(
                lambda thread: search(
                    thread, block.data, codes, block.members, block.starts, self.layout.cross[block.rows],
                    spectrum.moment[block.rows], self.limits.sumthreshold_sigma, int(Step.SEARCH),
                    spectrum.excess[thread], spectrum.counted[thread],
                ),
                range(THREADS),
            )
        )  # fmt: skip

    def clip(self, block: Block, codes: Codes) -> None:
        """Clip each series at its median and MAD, the bandpass of the block divided out."""
        if self.limits.mad_sigma is None:
            return
        fields, field = np.unique(self.layout.field[block.rows], return_inverse=True)
        cross = self.layout.cross[block.rows]
        levels = np.zeros((fields.size, *block.data.shape[1:]), np.float32)

        def level(field_and_hand: tuple[int, int]) -> None:
            number, hand = field_and_hand
            rows = np.flatnonzero((field == number) & cross)
            rows = rows[:: max(rows.size // BANDPASS_ROWS, 1)]
            one = np.zeros(levels.shape[1], np.float32)
            marks.bandpass(block.data, codes, rows, hand, one)
            levels[number, :, hand] = one

        list(self.pool.map(level, np.ndindex(levels.shape[0], levels.shape[2])))
        self._run(
            marks.mad_clip, block.data, codes, block.members, block.starts, cross, field, levels,
            self.limits.mad_sigma,
        )  # fmt: skip

    def close(self, statistics: Statistics) -> None:
        """Settle what only the whole set shows, and count."""
        layout, limits = self.layout, self.limits
        dead = dead_antennas(layout, self.flagged, limits.dead_antenna_fraction)
        members, starts = layout.series()
        self._run(
            marks.close, self.codes, members, starts,
            np.isin(layout.antenna1, dead) | np.isin(layout.antenna2, dead), layout.cross,
            self.spectrum.moment, self.spectrum.interference(limits.sumthreshold_sigma), limits.extend,
        )  # fmt: skip
        statistics.dead |= set(dead)
        statistics.add(layout, self.codes, self.empty, self.noise)
        np.not_equal(self.codes, 0, out=self.codes.view(np.bool_))

    def _run(self, kernel: Callable[..., None], *arguments: Any) -> None:
        list(self.pool.map(lambda thread: kernel(thread, *arguments), range(THREADS)))
