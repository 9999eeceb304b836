"""Statistics by batch are those of all values at once, blind to outliers, and tell a run that moved."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dsa_hcal_assets.hcal.analysis_runs.batch_statistics import batch_edges, clipped_moments, joined

NEVER = 1e9  # robust standard deviations: nothing is clipped


def in_batches(values, size=256, clip=4.0, resolution=0.01):
    return joined(
        [
            clipped_moments(values[first:last], clip, resolution)
            for first, last in batch_edges(len(values), size)
        ]
    )


@given(
    values=arrays(
        np.float64, st.tuples(st.integers(2, 200), st.integers(1, 4)), elements=st.floats(-1e4, 1e4)
    ),
    size=st.integers(8, 300),
)
def test_without_clipping_they_are_mean_and_standard_deviation_of_all_values(values, size):
    found = in_batches(values, size, clip=NEVER, resolution=1e-3)
    assert found.n.tolist() == [len(values)] * values.shape[1]
    assert found.mean == pytest.approx(values.mean(axis=0), rel=1e-9, abs=1e-7)
    assert found.std == pytest.approx(values.std(axis=0, ddof=1), rel=1e-6, abs=1e-5)


@given(events=st.integers(1, 5000), size=st.integers(8, 512))
def test_batches_cover_all_events_once_and_are_of_nearly_equal_length(events, size):
    edges = batch_edges(events, size)
    assert edges[0][0] == 0
    assert edges[-1][1] == events
    assert all(before[1] == after[0] for before, after in pairwise(edges))
    lengths = [last - first for first, last in edges]
    assert max(lengths) - min(lengths) <= 1


def test_outliers_neither_move_the_mean_nor_widen_it():
    random = np.random.default_rng(1)
    values = random.normal(1000, 20, (4000, 50))
    clean = in_batches(values)
    values[::50] = 0  # no light
    found = in_batches(values)
    assert found.outliers == pytest.approx(0.02, abs=1e-3)
    assert np.abs(found.mean - clean.mean).max() < 0.2
    assert found.std == pytest.approx(clean.std, rel=0.02)


def test_the_stated_error_of_the_mean_is_right():
    random = np.random.default_rng(2)
    found = in_batches(random.normal(500, 10, (2048, 2000)))
    pull = (found.mean - 500) / found.error
    assert abs(pull.mean()) < 0.1
    assert pull.std() == pytest.approx(1, abs=0.06)
    assert np.nanmedian(found.chi2) == pytest.approx(1, abs=0.1)


def test_a_drift_during_the_run_is_seen_and_enlarges_the_error():
    random = np.random.default_rng(3)
    steady = random.normal(1000, 20, (2048, 20))
    moving = steady + np.linspace(-30, 30, 2048)[:, None]
    found, reference = in_batches(moving), in_batches(steady)
    assert found.stability == pytest.approx(60 / np.sqrt(12), rel=0.15)
    assert (reference.stability < 2).all()
    assert (found.chi2 > 50).all()
    assert (found.error > 5 * reference.error).all()


def test_a_column_without_values_is_unknown():
    values = np.full((600, 2), np.nan)
    values[:, 1] = 7.0
    found = in_batches(values)
    assert found.n.tolist() == [0, 600]
    assert np.isnan([found.mean[0], found.std[0], found.error[0]]).all()
    assert (found.mean[1], found.std[1]) == (7.0, 0.0)


def test_values_known_to_a_count_are_not_taken_for_outliers_of_their_median():
    random = np.random.default_rng(4)
    values = np.round(random.normal(100.2, 0.4, (1000, 3)))  # more than half of them are 100
    assert (in_batches(values, resolution=1.0).dropped == 0).all()


def test_fewer_than_four_batches_say_nothing_about_stability():
    found = in_batches(np.random.default_rng(5).normal(0, 1, (600, 2)))
    assert np.isnan(found.stability).all()
    assert np.isfinite(found.error).all()
