"""Quantiles are right to 1.6 %, and histograms add and subtract without loss."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.daq.statistics.latency import LatencyHistogram, bucket_of, lower_end_of, upper_end_of

LATENCIES = st.lists(st.integers(0, 2**44), max_size=60)


def histogram(latencies):
    made = LatencyHistogram()
    for latency in latencies:
        made.add(latency)
    return made


@given(st.integers(0, 2**50))
def test_a_latency_lies_in_its_bucket_and_the_buckets_leave_no_hole(latency):
    bucket = bucket_of(latency)

    assert lower_end_of(bucket) <= latency <= upper_end_of(bucket)
    assert bucket_of(upper_end_of(bucket) + 1) == bucket + 1


@pytest.mark.parametrize("fraction", [0.01, 0.5, 0.95, 0.99, 1.0])
@pytest.mark.parametrize("spread", [0.1, 3.0])
def test_quantiles_agree_with_sorting_all_of_them(fraction, spread):
    latencies = np.random.default_rng(7).lognormal(math.log(2e5), spread, 5000).astype(np.int64)

    exact = np.quantile(latencies, fraction, method="inverted_cdf")

    assert histogram(latencies.tolist()).quantile_ns(fraction) == pytest.approx(exact, rel=1 / 64, abs=0.5)


def test_count_mean_and_largest_are_exact():
    latencies = [3, 1_000_003, 77_777_777_777]

    made = histogram(latencies)

    assert (made.count, made.mean_ns, made.max_ns) == (3, sum(latencies) / 3, max(latencies))
    assert made.quantile_ns(1.0) <= made.max_ns


def test_nothing_measured_is_nan_and_not_zero():
    assert math.isnan(LatencyHistogram().mean_ns)
    assert math.isnan(LatencyHistogram().quantile_ns(0.99))


def test_a_clock_that_is_ahead_is_counted_and_does_not_spoil_the_mean():
    made = histogram([-5_000_000, 1000])

    assert (made.ahead, made.count, made.sum_ns) == (1, 2, 1000)


@given(LATENCIES, LATENCIES)
def test_two_histograms_added_are_the_histogram_of_both(first, second):
    assert histogram(first) + histogram(second) == histogram(first + second)


@given(LATENCIES, LATENCIES)
def test_subtracting_an_earlier_record_leaves_what_came_after(first, second):
    running = histogram(first)
    earlier = running.copy()
    for latency in second:
        running.add(latency)

    recent = running - earlier

    expected = histogram(second)
    assert (recent.count, recent.sum_ns, recent.buckets) == (
        expected.count,
        expected.sum_ns,
        expected.buckets,
    )
    assert recent.max_ns == pytest.approx(expected.max_ns, rel=1 / 32)
