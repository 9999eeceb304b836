"""Read visibilities of a planned group block by block, in the form the Measurement Set takes."""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.conversion.plan import CROSSED, Plan, Window
from dsa_hcal_assets.radio.ingest.uvh5 import hdf5_errors

# exact by definition of the metre
SPEED_OF_LIGHT = 299792458.0
# visibilities in memory at a time: small enough for any machine, large enough for long writes
BLOCK_BYTES = 64 << 20


@dataclass(frozen=True)
class Block:
    """Visibilities of consecutive rows of one window, each (rows, channels, correlations).

    `data` is complex64 in the Measurement Set's convention (the conjugate of UVH5's), phased;
    `bad` counts values that were not finite: they are zero and flagged.
    """

    data: NDArray[np.complex64]
    flags: NDArray[np.bool_]
    weights: NDArray[np.float32]
    bad: int


class GroupReader:
    """Open files of a planned group; a context manager."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._stack = ExitStack()
        self._files: list[h5py.File] = []

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for header in self.plan.headers:
                with hdf5_errors(header.path):
                    self._files.append(stack.enter_context(h5py.File(header.path, "r", locking=False)))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def block_rows(self) -> int:
        """Return how many rows to read at a time: whole HDF5 chunks within `BLOCK_BYTES`."""
        channels = sum(len(window.frequencies_hz) for window in self.plan.windows)
        fitting = max(1, BLOCK_BYTES // (channels * len(self.plan.correlations) * 8))
        chunks = self._files[0]["Data/visdata"].chunks
        unit = chunks[0] if chunks else 1
        return max(unit, fitting // unit * unit) if unit <= 4 * fitting else fitting

    def read(self, window: Window, start: int, stop: int) -> Block:
        """Return rows `start` to `stop` of `window`, counted in the plan's order.

        Raises
        ------
        UnreadableSubband
            If the library cannot read what the header promised.
        """
        rows = self.plan.rows[start:stop]
        shape = (len(rows), len(window.frequencies_hz), len(self.plan.correlations))
        # channels of no part stay as they are made here: zero, flagged, without weight
        data, flags = np.zeros(shape, np.complex64), np.ones(shape, np.bool_)
        weights = np.zeros(shape, np.float32)
        for part, first in zip(window.parts, window.offsets, strict=True):
            header, file = self.plan.headers[part], self._files[part]
            order = np.argsort(header.frequencies_hz)
            channels = slice(first, first + len(order))
            with hdf5_errors(header.path):
                data[:, channels] = _rows_of(file["Data/visdata"], rows)[:, order]
                flags[:, channels] = _rows_of(file["Data/flags"], rows)[:, order]
                weights[:, channels] = _rows_of(file["Data/nsamples"], rows)[:, order]
        finite = np.isfinite(data)
        bad = int(data.size - np.count_nonzero(finite))
        if bad:
            data[~finite] = 0
            flags |= ~finite
        weightless = ~(np.isfinite(weights) & (weights >= 0))
        if weightless.any():
            # a count of samples that is none says nothing of its visibility
            weights[weightless] = 0
            flags |= weightless
        self._swap(data, flags, weights, self.plan.swapped[start:stop])
        # a swapped row is conjugated twice
        conjugated = ~self.plan.swapped[start:stop]
        if self.plan.phasing.delay_m is not None:
            data *= _rotation(self.plan.phasing.delay_m[rows], window)
        data[conjugated] = np.conj(data[conjugated])
        order = self.plan.correlations
        return Block(data[:, :, order], flags[:, :, order], weights[:, :, order], bad)

    def _swap(
        self, data: NDArray[Any], flags: NDArray[Any], weights: NDArray[Any], swapped: NDArray[np.bool_]
    ) -> None:
        codes = [int(code) for code in self.plan.reference.polarizations]
        wanted = [CROSSED.get(code, code) for code in codes]
        if not swapped.any() or wanted == codes or not set(wanted) <= set(codes):
            return
        source = [codes.index(code) for code in wanted]
        for values in (data, flags, weights):
            values[swapped] = values[swapped][:, :, source]


def _rotation(delay_m: NDArray[np.float64], window: Window) -> NDArray[np.complex64]:
    """exp(-2 pi i delay f / c) for baselines as the file has them; (rows, channels, 1)."""
    turns = delay_m[:, None] * (window.frequencies_hz / SPEED_OF_LIGHT)[None, :]
    # whole turns removed in float64: 1e4 turns would cost float32 all of its phase
    turns -= np.rint(turns)
    rotation: NDArray[np.complex64] = np.exp(-2j * np.pi * turns).astype(np.complex64)[:, :, None]
    return rotation


def _rows_of(dataset: h5py.Dataset, rows: NDArray[np.int64]) -> NDArray[Any]:
    """Read `rows` of a dataset as (rows, channels, polarisations), whatever layout it has."""
    if len(rows) == 0 or np.all(np.diff(rows) == 1):
        values = dataset[rows[0] : rows[-1] + 1] if len(rows) else dataset[0:0]
    else:
        wanted, inverse = np.unique(rows, return_inverse=True)
        values = dataset[wanted][inverse]
    if values.ndim == 4:
        values = values[:, 0]
    if values.dtype.names:
        # correlators may write integers as a compound of real and imaginary part
        values = values[values.dtype.names[0]] + 1j * values[values.dtype.names[1]].astype(np.float32)
    return np.asarray(values)


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with path.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()


def blocks(length: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) pieces of at most `size` that cover `length`."""
    for start in range(0, length, size):
        yield start, min(start + size, length)
