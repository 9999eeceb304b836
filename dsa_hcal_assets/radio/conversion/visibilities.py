"""Read visibilities of a planned group block by block, in the form the Measurement Set takes."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.conversion.chunks import Ints
from dsa_hcal_assets.radio.conversion.plan import CROSSED, Plan, Window
from dsa_hcal_assets.radio.conversion.stopwatch import Stopwatch
from dsa_hcal_assets.radio.conversion.stored import Repeated, Visibilities
from dsa_hcal_assets.radio.ingest.uvh5 import hdf5_errors

# exact by definition of the metre
SPEED_OF_LIGHT = 299792458.0
# visibilities of a block: small enough for any machine, large enough for long reads and writes
BLOCK_BYTES = 48 << 20
# phase, in turns, by which evenly spaced channels may be off their places
EVEN_TURNS = 1e-8


@dataclass(frozen=True)
class Block:
    """Visibilities of consecutive rows of one window.

    `data`, complex64, and `flags` are (rows, channels, correlations), in the Measurement Set's
    convention (the conjugate of UVH5's), phased. `weights` are medians over the channels that are there,
    (rows, correlations); `spectrum` has those of each channel, if they were asked for. `bad` counts
    visibilities that were not finite: they are zero and flagged.
    """

    data: NDArray[np.complex64]
    flags: NDArray[np.bool_]
    weights: NDArray[np.float32]
    spectrum: NDArray[np.float32] | None
    bad: int


@dataclass(frozen=True)
class _Subband:
    """An open file of the group."""

    path: Path
    visibilities: Visibilities
    flags: Repeated
    nsamples: Repeated


class GroupReader:
    """Open files of a planned group; a context manager. Several threads may read blocks.

    Parameters
    ----------
    plan
        Of the group.
    weight_spectrum
        Whether blocks have weights of each channel.
    watch
        Gets what reading (``load``) and arranging (``phase``) take.
    """

    def __init__(self, plan: Plan, *, weight_spectrum: bool = False, watch: Stopwatch | None = None) -> None:
        self.plan = plan
        self._weight_spectrum = weight_spectrum
        self._watch = watch or Stopwatch()
        self._stack = ExitStack()
        self._subbands: list[_Subband] = []
        self._sources = _sources(plan)

    def __enter__(self) -> Self:
        # numba takes its time to load and only readers need it
        from dsa_hcal_assets.radio.conversion import kernels

        self._place = kernels.place
        with ExitStack() as stack:
            self._subbands = [stack.enter_context(_opened(header.path)) for header in self.plan.headers]
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def block_rows(self) -> int:
        """Return how many rows to read at a time: whole HDF5 chunks within `BLOCK_BYTES`."""
        channels = max(len(window.frequencies_hz) for window in self.plan.windows)
        fitting = max(1, BLOCK_BYTES // (channels * len(self.plan.correlations) * 8))
        visibilities = self._subbands[0].visibilities
        unit = visibilities.chunk_rows
        # the library reads whole chunks; without it any rows are as good
        most = fitting if visibilities.direct else 2 * fitting
        return max(unit, fitting // unit * unit) if unit <= most else fitting

    def read(self, window: Window, start: int, stop: int) -> Block:
        """Return rows `start` to `stop` of `window`, counted in the plan's order.

        Raises
        ------
        UnreadableSubband
            If the library cannot read what the header promised.
        """
        rows, swapped = self.plan.rows[start:stop], self.plan.swapped[start:stop]
        present = self.plan.present(window)
        shape = (len(rows), len(present), len(self.plan.correlations))
        data, flags = np.empty(shape, np.complex64), np.zeros(shape, np.bool_)
        data[:, ~present], flags[:, ~present] = 0, True
        counts, bad = [], 0
        for part, first in zip(window.parts, window.offsets, strict=True):
            subband, order = self._subbands[part], np.argsort(self.plan.headers[part].frequencies_hz)
            channels = slice(first, first + len(order))
            with self._watch("load"), hdf5_errors(subband.path):
                stored = subband.visibilities.read(rows)
                marks, samples = subband.flags.read(rows), subband.nsamples.read(rows)
            with self._watch("phase"):
                flags[:, channels] = self._arranged(marks, order, swapped)
                counts.append((channels, self._arranged(samples, order, swapped)))
                bad += self._place(
                    stored.values,
                    stored.starts,
                    stored.edges,
                    stored.chunk,
                    order,
                    self._sources,
                    swapped,
                    *self._delays(rows, window.frequencies_hz[channels]),
                    data,
                    flags,
                    first,
                )
        with self._watch("phase"):
            weights, spectrum = self._weights(counts, present, flags)
        return Block(data, flags, weights, spectrum if self._weight_spectrum else None, bad)

    def _arranged(self, values: Any, order: Ints, swapped: NDArray[np.bool_]) -> Any:
        """Bring values of a subband into the order of channels and correlations; one value stays one."""
        if np.ndim(values) == 0:
            return values
        values = values[:, order]
        arranged = values[:, :, self._sources[0]]
        if not np.array_equal(*self._sources):
            arranged[swapped] = values[swapped][:, :, self._sources[1]]
        return arranged

    def _delays(
        self, rows: Ints, frequencies_hz: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """Return the delays of `rows`, m, and what turns them into phases, as `kernels.place` takes them."""
        turns_per_m = frequencies_hz / SPEED_OF_LIGHT
        if self.plan.phasing.delay_m is None:
            return np.zeros(0), turns_per_m, 0.0
        delays = np.ascontiguousarray(self.plan.phasing.delay_m[rows])
        step = (turns_per_m[-1] - turns_per_m[0]) / max(1, len(turns_per_m) - 1)
        uneven = np.abs(turns_per_m - turns_per_m[0] - step * np.arange(len(turns_per_m))).max()
        even = uneven * np.abs(delays).max() < EVEN_TURNS
        return delays, turns_per_m, float(step) if even else np.nan

    def _weights(
        self, counts: list[tuple[slice, Any]], present: NDArray[np.bool_], flags: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the median weight of each row and correlation, and the weights of its channels.

        A count of samples that is none says nothing of its visibility: its weight is 0 and it is flagged.
        """
        value = counts[0][1]
        alike = all(np.ndim(one) == 0 and one == value for _, one in counts)
        if alike and present.all() and np.isfinite(value) and value >= 0:
            weights = np.full((len(flags), flags.shape[2]), value, np.float32)
            return weights, np.broadcast_to(weights[:, None], flags.shape)
        spectrum = np.zeros(flags.shape, np.float32)
        for channels, one in counts:
            spectrum[:, channels] = one
        weightless = ~(np.isfinite(spectrum) & (spectrum >= 0))
        spectrum[weightless] = 0
        flags |= weightless
        of_present = spectrum if present.all() else spectrum[:, present]
        weights = of_present.min(axis=1)
        varied = np.any(weights != of_present.max(axis=1), axis=1)
        # a median sorts: only where there is something to sort
        weights[varied] = np.median(of_present[varied], axis=1)
        return weights, spectrum


@contextmanager
def _opened(path: Path) -> Iterator[_Subband]:
    """Open a subband twice: for the library, and for reading without it."""
    with ExitStack() as stack:
        with hdf5_errors(path):
            file = stack.enter_context(h5py.File(path, "r", locking=False))
            descriptor = os.open(path, os.O_RDONLY)
            stack.callback(os.close, descriptor)
            yielded = _Subband(
                path,
                Visibilities(file["Data/visdata"], descriptor),
                Repeated(file["Data/flags"], descriptor),
                Repeated(file["Data/nsamples"], descriptor),
            )
        yield yielded


def _sources(plan: Plan) -> Ints:
    """Return the file polarisation of each correlation, in rows as they are and in swapped ones."""
    codes = [int(code) for code in plan.reference.polarizations]
    wanted = [CROSSED.get(code, code) for code in codes]
    if not set(wanted) <= set(codes):
        wanted = codes
    exchanged = np.array([codes.index(code) for code in wanted], np.int64)
    return np.stack([plan.correlations, exchanged[plan.correlations]]).astype(np.int64)


def blocks(length: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) pieces of at most `size` that cover `length`."""
    for start in range(0, length, size):
        yield start, min(start + size, length)
