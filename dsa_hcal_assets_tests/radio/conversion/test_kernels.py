"""The compiled loop against plain numpy, over chunks of any shape."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.radio.conversion.kernels import phasors_of, place

GHZ_TURNS_PER_M = 1.4e9 / 299792458.0


def chunked(cube, height, wide, deep):
    """Store (rows, channels, polarisations) as chunks, whole ones at the edges too: as `place` takes it."""
    rows = len(cube)
    grid = [-(-whole // step) for whole, step in zip(cube.shape, (height, wide, deep), strict=True)]
    values, starts = [], np.empty(grid, np.int64)
    edges = np.minimum(np.arange(grid[0] + 1) * height, rows)
    for band, i, j in np.ndindex(*grid):
        here = slice(edges[band], edges[band + 1])
        chunk = np.full((edges[band + 1] - edges[band], wide, deep), 99j, np.complex64)
        inside = cube[here, i * wide : (i + 1) * wide, j * deep : (j + 1) * deep]
        chunk[:, : inside.shape[1], : inside.shape[2]] = inside
        starts[band, i, j] = sum(map(len, values))
        values.append(chunk.ravel())
    return np.concatenate(values), starts, edges, (wide, deep)


@st.composite
def cases(draw):
    rows, channels = draw(st.integers(1, 70)), draw(st.integers(1, 9))
    polarizations = draw(st.sampled_from([1, 2, 4]))
    chunk = draw(st.tuples(st.integers(1, 80), st.integers(1, 10), st.integers(1, polarizations)))
    return rows, channels, polarizations, chunk, draw(st.integers(0, 2**31))


@given(
    case=cases(),
    descending=st.booleans(),
    rotated=st.booleans(),
    even=st.booleans(),
    first=st.integers(0, 2),
    bad=st.integers(0, 3),
)
def test_it_does_what_numpy_does(case, descending, rotated, even, first, bad):
    rows, channels, polarizations, chunk, seed = case
    rng = np.random.default_rng(seed)
    cube = (rng.normal(size=(rows, channels, polarizations, 2)) @ [1, 1j]).astype(np.complex64)
    for _ in range(bad):
        cube[tuple(rng.integers(0, cube.shape))] = rng.choice([np.nan, 1j * np.inf, -np.inf])
    order = np.arange(channels)[:: -1 if descending else 1].copy()
    sources = np.stack([rng.permutation(polarizations), rng.permutation(polarizations)])
    swapped = rng.random(rows) < 0.3
    steps = np.full(channels, 8e-4) if even else rng.uniform(1e-4, 1e-3, channels)
    turns_per_m = GHZ_TURNS_PER_M + np.cumsum(steps)
    delays = rng.uniform(-3000, 3000, rows) if rotated else np.zeros(0)
    shape = (rows, first + channels + 1, polarizations)
    data, flags = np.full(shape, 7j, np.complex64), rng.random(shape) < 0.1
    before = flags.copy()

    found = place(
        *chunked(cube, *chunk), order, sources, swapped, delays, turns_per_m,
        8e-4 if even else np.nan, data, flags, first,
    )  # fmt: skip

    expected = np.where(
        swapped[:, None, None], cube[:, order][:, :, sources[1]], cube[:, order][:, :, sources[0]]
    )
    wrong = ~np.isfinite(expected)
    expected[wrong] = 0
    if rotated:
        expected = expected * np.exp(-2j * np.pi * delays[:, None] * turns_per_m)[:, :, None]
    expected = np.where(swapped[:, None, None], expected, expected.conj())
    own = slice(first, first + channels)
    np.testing.assert_allclose(data[:, own], expected, atol=1e-6)
    np.testing.assert_array_equal(flags[:, own], before[:, own] | wrong)
    assert found == np.count_nonzero(wrong)
    # what is not this subband's stays as it was
    assert np.all(np.delete(data, np.r_[own], axis=1) == 7j)
    np.testing.assert_array_equal(np.delete(flags, np.r_[own], axis=1), np.delete(before, np.r_[own], axis=1))


def test_without_rotation_values_are_conjugated_bit_by_bit():
    cube = np.array([[[1 + 2j]], [[3e38 - 1e-38j]]], np.complex64)
    data, flags = np.empty((2, 1, 1), np.complex64), np.zeros((2, 1, 1), np.bool_)
    one = np.zeros(1, np.int64)
    place(
        *chunked(cube, 2, 1, 1), one, np.zeros((2, 1), np.int64), np.zeros(2, np.bool_), np.zeros(0),
        np.ones(1), 0.0, data, flags, 0,
    )  # fmt: skip
    assert data.ravel().tolist() == cube.conj().ravel().tolist()


@given(delay=st.floats(-1e6, 1e6), channels=st.integers(1, 4096))
def test_phases_by_recurrence_stay_within_single_precision(delay, channels):
    step = 8.14e-4
    turns_per_m = GHZ_TURNS_PER_M + step * np.arange(channels)
    real, imaginary = np.empty(channels, np.float32), np.empty(channels, np.float32)
    phasors_of(delay, turns_per_m, step, real, imaginary)
    # the turns themselves, up to 5e6 of them, carry 1e-9 in float64
    exact = np.exp(-2j * np.pi * ((delay * turns_per_m) % 1))
    assert np.abs(real + 1j * imaginary - exact).max() < 2e-7
