"""Noise looks like noise, interference does not, and a sample stands for the whole set."""

import math

import numpy as np
import pytest

from dsa_hcal_assets.radio.flagging.noise import NoiseSample, difference_kurtosis
from dsa_hcal_assets_tests.radio.flagging.windows import Noise, make_noise


@pytest.fixture
def noise() -> Noise:
    return make_noise(antennas=8, times=40, channels=64)


def sampled(noise: Noise, most_bytes: int = 1 << 30) -> NoiseSample:
    sample = NoiseSample.of(noise.layout, most_bytes=most_bytes)
    sample.take(noise.block)
    return sample


def test_noise_has_three(noise: Noise) -> None:
    sample = sampled(noise)
    assert sample.kurtosis(np.zeros(sample.data.shape, bool)) == pytest.approx(3, abs=0.2)


def test_unflagged_interference_shows_and_flagged_does_not(noise: Noise) -> None:
    hit = np.random.default_rng(2).random(noise.block.data.shape) < 0.002
    noise.block.data[hit] += 40
    sample = sampled(noise)
    assert sample.kurtosis(np.zeros(sample.data.shape, bool)) > 10
    assert sample.kurtosis(hit[sample.rows]) == pytest.approx(3, abs=0.2)


def test_gains_and_a_bandpass_slope_do_not_matter(noise: Noise) -> None:
    noise.block.data += 30 * np.linspace(0.2, 1, 64)[None, :, None]
    noise.block.data *= (1 + noise.layout.antenna1)[:, None, None]
    sample = sampled(noise)
    assert sample.kurtosis(np.zeros(sample.data.shape, bool)) == pytest.approx(3, abs=0.3)


def test_it_is_not_measured_without_data() -> None:
    data = np.ones((10, 6, 2), np.complex64)
    assert math.isnan(difference_kurtosis(data, np.ones(data.shape, bool), np.zeros(10, np.int64)))
    assert math.isnan(difference_kurtosis(data[:0], np.ones((0, 6, 2), bool), np.zeros(0, np.int64)))


def test_a_sample_has_whole_baselines_from_all_over_the_array_and_no_autocorrelations(noise: Noise) -> None:
    sample = sampled(noise, most_bytes=7 * 40 * 64 * 2 * 8)
    pairs = {*zip(noise.layout.antenna1[sample.rows], noise.layout.antenna2[sample.rows], strict=True)}
    assert len(pairs) == 7
    assert sample.rows.size == 7 * 40
    assert noise.layout.cross[sample.rows].all()
    assert {first for first, _ in pairs} >= {0, 1, 2, 3}
    assert (sample.data == noise.block.data[sample.rows]).all()
    assert np.unique(sample.group).size == 7
