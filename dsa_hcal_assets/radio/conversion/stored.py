"""Rows of a dataset as its file stores them, read without the HDF5 library where that is possible."""

import os
import threading
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.conversion.chunks import Chunks, Ints, Place, stored_chunks, stored_plainly

# flags and sample counts: distinct chunks kept decoded, and how large they may be
KEPT_CHUNKS = 64
KEPT_BYTES = 1 << 20
VISIBILITY_BYTES = np.dtype(np.complex64).itemsize


@dataclass(frozen=True)
class StoredRows:
    """Visibilities of some rows, chunk after chunk; `kernels.place` says what the parts are."""

    values: NDArray[np.complex64]
    starts: Ints
    edges: Ints
    chunk: tuple[int, int]


class Visibilities:
    """The dataset ``visdata`` of an open file; several threads may read it."""

    def __init__(self, dataset: h5py.Dataset, descriptor: int) -> None:
        self._dataset, self._descriptor = dataset, descriptor
        chunks = stored_chunks(dataset)
        self._chunks = chunks if chunks and stored_plainly(dataset, chunks) else None

    @property
    def direct(self) -> bool:
        """Whether consecutive rows are read without the library."""
        return self._chunks is not None

    @property
    def chunk_rows(self) -> int:
        """Rows that are stored together; 1 if that does not matter."""
        return int((self._dataset.chunks or (1,))[0])

    def read(self, rows: Ints) -> StoredRows:
        """Return the visibilities of `rows`, numbered as the file has them."""
        if self._chunks is not None and _consecutive(rows):
            return self._read_chunks(self._chunks, int(rows[0]), int(rows[-1]) + 1)
        values = _rows_by_library(self._dataset, rows)
        if values.dtype.names:
            # correlators may write integers as a compound of real and imaginary part
            values = values[values.dtype.names[0]] + 1j * values[values.dtype.names[1]].astype(np.float32)
        with np.errstate(over="ignore"):
            plain = np.ascontiguousarray(values, np.complex64)
        start, edges = np.zeros((1, 1, 1), np.int64), np.array([0, len(rows)])
        return StoredRows(plain.ravel(), start, edges, plain.shape[1:])

    def _read_chunks(self, chunks: Chunks, start: int, stop: int) -> StoredRows:
        height, wide, deep = chunks.shape
        bands = np.array(chunks.bands(start, stop))
        firsts, lasts = np.maximum(bands * height, start), np.minimum((bands + 1) * height, stop)
        row_bytes = wide * deep * VISIBILITY_BYTES
        offsets = chunks.offsets[bands] + ((firsts - bands * height) * row_bytes)[:, None, None]
        sizes = np.broadcast_to(((lasts - firsts) * row_bytes)[:, None, None], offsets.shape)
        raw, starts = _read_pieces(self._descriptor, offsets, sizes)
        edges = np.append(firsts, stop) - start
        return StoredRows(raw.view(np.complex64), starts // VISIBILITY_BYTES, edges, (wide, deep))


class Repeated:
    """Flags or sample counts of an open file; several threads may read them.

    Nearly all of their chunks are alike, so each distinct one is decoded once.
    """

    def __init__(self, dataset: h5py.Dataset, descriptor: int) -> None:
        self._dataset, self._descriptor = dataset, descriptor
        chunks = stored_chunks(dataset)
        if chunks and max(np.prod(chunks.shape) * dataset.dtype.itemsize, chunks.sizes.max()) > KEPT_BYTES:
            chunks = None
        self._chunks = chunks
        self._decoded: dict[tuple[bytes, tuple[int, ...]], Any] = {}
        self._lock = threading.Lock()

    def read(self, rows: Ints) -> Any:
        """Return the values of `rows`, (rows, channels, polarisations), or the one value all of them have."""
        if self._chunks is None or not _consecutive(rows):
            return _one_if_alike(_rows_by_library(self._dataset, rows))
        start, stop = int(rows[0]), int(rows[-1]) + 1
        bands = self._chunks.bands(start, stop)
        sizes = self._chunks.sizes[bands.start : bands.stop]
        raw, begins = _read_pieces(self._descriptor, self._chunks.offsets[bands.start : bands.stop], sizes)
        found = [
            (place, self._decode(raw[begin : begin + size].tobytes(), place))
            for place, begin, size in zip(self._chunks.places(bands), begins.flat, sizes.flat, strict=True)
        ]
        value = found[0][1]
        if all(np.ndim(one) == 0 and one == value for _, one in found):
            return value
        lowest, highest = found[0][0][0].start, found[-1][0][0].stop
        values = np.empty((highest - lowest, *self._chunks.extent[1:]), self._dataset.dtype)
        for (of_rows, *others), one in found:
            values[of_rows.start - lowest : of_rows.stop - lowest, *others] = one
        return values[start - lowest : stop - lowest]

    def _decode(self, raw: bytes, place: Place) -> Any:
        """Return the values of the chunk at `place` that is stored as `raw`, or the one all of them have."""
        key = raw, tuple(side.stop - side.start for side in place)
        known = self._decoded.get(key)
        if known is not None:
            return known
        of_rows, *others = place
        window = (0,) if self._dataset.ndim == 4 else ()
        decoded = _one_if_alike(self._dataset[(of_rows, *window, *others)])
        with self._lock:
            if len(self._decoded) >= KEPT_CHUNKS:
                self._decoded.pop(next(iter(self._decoded)))
            self._decoded[key] = decoded
        return decoded


def _read_pieces(descriptor: int, offsets: Ints, sizes: Ints) -> tuple[NDArray[np.uint8], Ints]:
    """Read the pieces of a file at `offsets`, neighbours at once; return bytes and where each piece begins.

    Raises
    ------
    OSError
        If the file ends before a piece does.
    """
    order = np.argsort(offsets, axis=None, kind="stable")
    places, lengths = offsets.ravel()[order], sizes.ravel()[order]
    ends = np.cumsum(lengths)
    begins = np.empty_like(ends)
    begins[order] = ends - lengths
    raw = np.empty(int(ends[-1]), np.uint8)
    breaks = np.flatnonzero(places[1:] != places[:-1] + lengths[:-1]) + 1
    for first, last in pairwise([0, *breaks.tolist(), len(places)]):
        memory = memoryview(raw.data)[ends[first] - lengths[first] : ends[last - 1]]
        _fill(descriptor, memory, int(places[first]))
    return raw, begins.reshape(offsets.shape)


def _fill(descriptor: int, memory: memoryview, offset: int) -> None:
    while memory:
        count = os.preadv(descriptor, [memory], offset)
        if count == 0:
            raise OSError(f"truncated file: it ends before byte {offset + len(memory)}")
        memory, offset = memory[count:], offset + count


def _rows_by_library(dataset: h5py.Dataset, rows: Ints) -> NDArray[Any]:
    """Read `rows` as (rows, channels, polarisations), whatever layout the dataset has."""
    if _consecutive(rows):
        values = dataset[rows[0] : rows[-1] + 1]
    else:
        wanted, inverse = np.unique(rows, return_inverse=True)
        values = dataset[wanted][inverse]
    return np.asarray(values[:, 0] if values.ndim == 4 else values)


def _consecutive(rows: Ints) -> bool:
    return bool(np.all(np.diff(rows) == 1))


def _one_if_alike(values: NDArray[Any]) -> Any:
    first = values.flat[0]
    return first if np.all(values == first) else values
