"""Where the bytes of a dataset lie in its file, so that they can be read without the HDF5 library."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import h5py
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
# of rows, channels and polarisations
Place = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Chunks:
    """Stored chunks of a dataset of (rows, channels, polarisations).

    A window axis between rows and channels, as older files have it, is left out. Chunks at the edge are
    stored whole. A contiguous dataset is one chunk.
    """

    extent: tuple[int, int, int]  # rows, channels, polarisations of the dataset
    shape: tuple[int, int, int]  # of a chunk
    offsets: Ints  # (bands of rows, chunks of channels, chunks of polarisations): bytes from the file's start
    sizes: Ints  # as offsets: stored bytes

    def bands(self, start: int, stop: int) -> range:
        """Return the bands that rows `start` to `stop` lie in."""
        return range(start // self.shape[0], -(-stop // self.shape[0]))

    def places(self, bands: range) -> Iterator[Place]:
        """Yield what each chunk of `bands` covers."""
        sides = (
            [slice(at, min(at + step, extent)) for at in range(0, extent, step)]
            for step, extent in zip(self.shape, self.extent, strict=True)
        )
        rows, channels, polarizations = sides
        return product(rows[bands.start : bands.stop], channels, polarizations)


def stored_chunks(dataset: h5py.Dataset) -> Chunks | None:
    """Return where the chunks of `dataset` are stored; None if only the library can tell.

    That is so for virtual, external and compact datasets, for files with a user block, and where chunks
    were never written or went through different filters.
    """
    if dataset.file.userblock_size or dataset.ndim not in (3, 4) or 0 in dataset.shape:
        return None
    if dataset.ndim == 4 and dataset.shape[1] != 1:
        return None
    properties = dataset.id.get_create_plist()
    match properties.get_layout():
        case h5py.h5d.CONTIGUOUS:
            offset = dataset.id.get_offset()
            if offset is None or properties.get_external_count():
                return None
            whole = np.full((1, 1, 1), offset), np.full((1, 1, 1), dataset.id.get_storage_size())
            return Chunks(_three(dataset.shape), _three(dataset.shape), *whole)
        case h5py.h5d.CHUNKED:
            return _chunk_table(dataset)
    return None


def stored_plainly(dataset: h5py.Dataset, chunks: Chunks) -> bool:
    """Tell whether the stored bytes are the values: complex64 of this machine's kind, not filtered."""
    stored = dataset.id.get_type()
    return (
        dataset.dtype == np.complex64
        and dataset.dtype.isnative
        and stored.get_size() == np.dtype(np.complex64).itemsize
        and dataset.id.get_create_plist().get_nfilters() == 0
        and bool(np.all(chunks.sizes == np.prod(chunks.shape) * stored.get_size()))
    )


def _chunk_table(dataset: h5py.Dataset) -> Chunks | None:
    found: list[tuple[int, ...]] = []
    dataset.id.chunk_iter(
        lambda chunk: found.append((*chunk.chunk_offset, chunk.filter_mask, chunk.byte_offset, chunk.size))
    )
    shape, extent = _three(dataset.chunks), _three(dataset.shape)
    grid = tuple(-(-whole // step) for whole, step in zip(extent, shape, strict=True))
    if len(found) != np.prod(grid):
        return None
    table = np.array(found, np.int64)
    if np.any(table[:, -3] != table[0, -3]):
        return None
    first = table[:, [0, dataset.ndim - 2, dataset.ndim - 1]] // shape
    offsets, sizes = np.empty(grid, np.int64), np.empty(grid, np.int64)
    offsets[tuple(first.T)], sizes[tuple(first.T)] = table[:, -2], table[:, -1]
    return Chunks(extent, shape, offsets, sizes)


def _three(shape: tuple[int, ...]) -> tuple[int, int, int]:
    return shape[0], shape[-2], shape[-1]
