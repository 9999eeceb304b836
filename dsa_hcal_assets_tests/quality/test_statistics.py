"""Plain and robust scores: known values, invariances, and behaviour on thin data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from dsa_hcal_assets.quality.statistics import mad_sigma, robust_zscores, zscores

NUMBERS = npst.arrays(float, st.integers(3, 40), elements=st.floats(-1e3, 1e3))


def test_zscores_use_the_sample_deviation():
    assert zscores([1, 2, 3]) == pytest.approx([-1, 0, 1])


@pytest.mark.parametrize("constant", [[5.0], [5.0, 5.0], [0.1] * 7, [0.0, 0.0]])
def test_a_constant_series_scores_zero(constant):
    assert zscores(constant).tolist() == [0.0] * len(constant)


def test_missing_values_take_no_part_and_stay_missing():
    assert zscores([1, np.nan, 2, 3])[[0, 2, 3]] == pytest.approx([-1, 0, 1])
    assert np.isnan(zscores([1, np.nan, 2, 3])[1])
    assert np.isnan(robust_zscores([1, np.nan, 2, 3])[1])
    assert np.isnan(zscores([np.nan])).all()
    assert np.isnan(mad_sigma([]))


def test_nothing_in_nothing_out():
    assert zscores([]).shape == robust_zscores([]).shape == (0,)


def test_mad_sigma_estimates_the_deviation_of_normal_numbers():
    numbers = np.random.default_rng(1).normal(10, 2.5, 100_000)
    assert mad_sigma(numbers) == pytest.approx(2.5, rel=0.02)


def test_outliers_do_not_hide_themselves_from_the_robust_score():
    values = [*np.linspace(-1, 1, 21), 1e6]
    assert abs(zscores(values)[-1]) < 5 < 1e5 < robust_zscores(values)[-1]


def test_a_lone_deviation_from_a_constant_is_infinitely_far():
    assert robust_zscores([3, 3, 3, 3, 2.9]).tolist() == [0, 0, 0, 0, -np.inf]


@given(NUMBERS, st.floats(0.01, 100), st.floats(-1e3, 1e3))
def test_scores_do_not_depend_on_unit_and_zero(values, scale, shift):
    if np.ptp(values) > 1e-3:
        np.testing.assert_allclose(zscores(values * scale + shift), zscores(values), rtol=1e-5, atol=1e-6)


@given(NUMBERS)
def test_scores_have_mean_zero_and_unit_deviation_or_are_all_zero(values):
    scores = zscores(values)
    if scores.any():
        assert scores.mean() == pytest.approx(0, abs=1e-6)
        assert scores.std(ddof=1) == pytest.approx(1)


@given(NUMBERS)
def test_half_of_the_numbers_score_within_the_median_deviation(values):
    scores = robust_zscores(values)
    assert (np.abs(scores) <= 0.6744898).mean() >= 0.5


def test_a_scale_near_the_smallest_float_scores_the_others_infinite():
    values = np.array([0.0] * 7 + [1.1e-308] + [5.0] * 6)
    assert np.isinf(robust_zscores(values)[-6:]).all()
