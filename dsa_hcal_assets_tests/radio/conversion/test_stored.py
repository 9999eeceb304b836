"""Rows from stored chunks equal the library's, and whatever is not stored plainly goes to the library."""

import os
from contextlib import contextmanager

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.radio.conversion import stored
from dsa_hcal_assets.radio.conversion.stored import Repeated, Visibilities

ROWS, CHANNELS, POLARIZATIONS = 23, 7, 2
CUBE = np.arange(ROWS * CHANNELS * POLARIZATIONS * 2, dtype=np.float32).view(np.complex64)
CUBE = CUBE.reshape(ROWS, CHANNELS, POLARIZATIONS)
ALL = np.arange(ROWS)


@contextmanager
def opened(path, kind, *, userblock=0, values=CUBE, **options):
    """Write one dataset and open it as `kind`; yields also what the library makes of it."""
    with h5py.File(path, "w", userblock_size=userblock) as file:
        file.create_dataset("values", data=values, **options)
    with opened_again(path, kind) as found:
        yield found


@contextmanager
def opened_again(path, kind):
    descriptor = os.open(path, os.O_RDONLY)
    with h5py.File(path, "r") as file:
        yield kind(file["values"], descriptor)
    os.close(descriptor)


def as_rows(found):
    """Undo the chunks: (rows, channels, polarisations)."""
    rows = np.full((found.edges[-1], CHANNELS, POLARIZATIONS), np.nan, np.complex64)
    wide, deep = found.chunk
    for band, i, j in np.ndindex(*found.starts.shape):
        here = slice(found.edges[band], found.edges[band + 1])
        start, count = found.starts[band, i, j], here.stop - here.start
        chunk = found.values[start : start + count * wide * deep].reshape(count, wide, deep)
        place = rows[here, i * wide : (i + 1) * wide, j * deep : (j + 1) * deep]
        place[:] = chunk[:, : place.shape[1], : place.shape[2]]
    return rows


@settings(max_examples=30)
@given(
    chunks=st.tuples(st.integers(1, ROWS), st.integers(1, CHANNELS), st.integers(1, POLARIZATIONS)),
    older=st.booleans(),
    ends=st.tuples(st.integers(0, ROWS - 1), st.integers(1, ROWS)).filter(lambda ends: ends[0] < ends[1]),
)
def test_any_rows_of_any_chunks_are_the_librarys(tmp_path_factory, chunks, older, ends):
    path = tmp_path_factory.mktemp("plain") / "a.hdf5"
    values, shape = (CUBE[:, None], (chunks[0], 1, *chunks[1:])) if older else (CUBE, chunks)
    with opened(path, Visibilities, values=values, chunks=shape) as visibilities:
        assert visibilities.direct
        assert visibilities.chunk_rows == chunks[0]
        np.testing.assert_array_equal(as_rows(visibilities.read(ALL[slice(*ends)])), CUBE[slice(*ends)])


def test_a_dataset_without_chunks_is_one_chunk(tmp_path):
    with opened(tmp_path / "a.hdf5", Visibilities) as visibilities:
        assert visibilities.direct
        np.testing.assert_array_equal(as_rows(visibilities.read(ALL[5:9])), CUBE[5:9])


PAIRS = np.zeros(CUBE.shape, [("r", "i4"), ("i", "i4")])
PAIRS["r"], PAIRS["i"] = CUBE.real, CUBE.imag


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "lzf", "chunks": (5, 3, 1)},
        {"compression": "gzip", "shuffle": True, "chunks": (5, 3, 1)},
        {"fletcher32": True, "chunks": (5, 3, 1)},
        {"values": CUBE.astype(">c8"), "chunks": (5, 3, 1)},
        {"values": CUBE.astype("<c16"), "chunks": (5, 3, 1)},
        {"values": PAIRS, "chunks": (5, 3, 1)},
        {"userblock": 512, "chunks": (5, 3, 1)},
    ],
    ids=["lzf", "gzip", "checksummed", "big-endian", "double", "integers", "user block"],
)
def test_what_is_not_stored_plainly_is_read_by_the_library(tmp_path, options):
    with opened(tmp_path / "a.hdf5", Visibilities, **options) as visibilities:
        assert not visibilities.direct
        np.testing.assert_array_equal(as_rows(visibilities.read(ALL[3:17])), CUBE[3:17])


def test_chunks_that_were_never_written_have_the_librarys_fill_value(tmp_path):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        dataset = file.create_dataset(
            "values", CUBE.shape, np.complex64, chunks=(5, 3, 1), fillvalue=np.complex64(7)
        )
        dataset[:5] = CUBE[:5]
    with opened_again(tmp_path / "a.hdf5", Visibilities) as visibilities:
        assert not visibilities.direct
        rows = as_rows(visibilities.read(ALL))
    np.testing.assert_array_equal(rows[:5], CUBE[:5])
    assert np.all(rows[5:] == 7)


def test_rows_out_of_order_and_repeated_are_read_by_the_library(tmp_path):
    rows = np.array([20, 3, 3, 11])
    with opened(tmp_path / "a.hdf5", Visibilities, chunks=(5, 3, 1)) as visibilities:
        np.testing.assert_array_equal(as_rows(visibilities.read(rows)), CUBE[rows])


def test_a_file_cut_in_the_middle_of_a_chunk_says_where_it_ends(tmp_path):
    path = tmp_path / "a.hdf5"
    with opened(path, Visibilities, chunks=(5, 3, 1)) as visibilities:
        os.truncate(path, path.stat().st_size - 300)
        with pytest.raises(OSError, match="truncated file: it ends before byte"):
            visibilities.read(ALL)


@settings(max_examples=30)
@given(
    chunks=st.tuples(st.integers(1, ROWS), st.integers(1, CHANNELS), st.integers(1, POLARIZATIONS)),
    ends=st.tuples(st.integers(0, ROWS - 1), st.integers(1, ROWS)).filter(lambda ends: ends[0] < ends[1]),
    marked=st.integers(0, 4),
    filters=st.sampled_from([{}, {"compression": "lzf"}, {"compression": "gzip", "shuffle": True}]),
    seed=st.integers(0, 99),
)
def test_flags_are_the_librarys_whichever_chunks_are_alike(
    tmp_path_factory, chunks, ends, marked, filters, seed
):
    flags = np.zeros(CUBE.shape, np.bool_)
    for at in np.random.default_rng(seed).integers(0, flags.size, marked):
        flags.flat[at] = True
    path = tmp_path_factory.mktemp("flags") / "a.hdf5"
    with opened(path, Repeated, values=flags, chunks=chunks, **filters) as repeated:
        found = repeated.read(ALL[slice(*ends)])
        again = repeated.read(ALL[slice(*ends)])
    expected = flags[slice(*ends)]
    np.testing.assert_array_equal(np.broadcast_to(found, expected.shape), expected)
    np.testing.assert_array_equal(found, again)


@pytest.mark.parametrize("chunks", [(5, 3, 1), None])
def test_values_that_are_all_alike_are_one_value(tmp_path, chunks):
    counts = np.full(CUBE.shape, 4, np.float32)
    with opened(tmp_path / "a.hdf5", Repeated, values=counts, chunks=chunks) as repeated:
        assert np.ndim(repeated.read(ALL)) == 0
        assert repeated.read(ALL[7:]) == 4


def test_a_chunk_that_is_no_longer_kept_is_decoded_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "KEPT_CHUNKS", 2)
    counts = np.arange(CUBE.size, dtype=np.float32).reshape(CUBE.shape)
    with opened(tmp_path / "a.hdf5", Repeated, values=counts, chunks=(5, 3, 1)) as repeated:
        for _ in range(2):
            np.testing.assert_array_equal(repeated.read(ALL), counts)


def test_chunks_too_large_to_keep_are_left_to_the_library(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "KEPT_BYTES", 100)
    flags = np.random.default_rng(1).random(CUBE.shape) < 0.5
    with opened(tmp_path / "a.hdf5", Repeated, values=flags, chunks=(ROWS, 5, 1)) as repeated:
        np.testing.assert_array_equal(repeated.read(ALL[2:9]), flags[2:9])
