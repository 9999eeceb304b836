"""Light flags find what no sky can be, and leave noise and sources alone."""

import numpy as np
import pytest

from dsa_hcal_assets.radio.quicklook.light_flags import amplitude_limits, flag_lightly

ROWS, CHANNELS = 2000, 96


def noise(sky: complex = 0) -> np.ndarray:
    drawn = np.random.default_rng(1).normal(size=(ROWS, CHANNELS, 2, 2)).astype(np.float32)
    return np.ascontiguousarray(drawn).view(np.complex64)[..., 0] + np.complex64(sky)


def flagged(data: np.ndarray, cross: np.ndarray | None = None, sigma: float | None = 7.0) -> np.ndarray:
    cross = np.ones(ROWS, np.bool_) if cross is None else cross
    flags = np.zeros(data.shape, np.bool_)
    flag_lightly(data, cross, amplitude_limits(data, cross, sigma), flags)
    return flags


@pytest.mark.parametrize("sky", [0, 30])
def test_noise_and_a_bright_source_keep_their_data(sky: complex) -> None:
    assert flagged(noise(sky)).mean() < 1e-4


def test_zeros_and_autocorrelations_are_flagged_whatever_the_limit() -> None:
    data = noise()
    data[5, 7, 1] = 0
    cross = np.arange(ROWS) % 50 != 0
    flags = flagged(data, cross, sigma=None)
    assert flags[~cross].all()
    assert flags[5, 7, 1]
    assert flags[cross].sum() == 1


def test_a_channel_full_of_interference_is_measured_by_its_neighbours() -> None:
    data = noise()
    data[:, 40] += 60
    flags = flagged(data)
    assert flags[:, 40].all()
    assert flags[:, [39, 41]].mean() < 1e-3


def test_a_burst_on_few_baselines_is_flagged_there_alone() -> None:
    data = noise()
    data[100:103, 20:30] += 50
    flags = flagged(data)
    assert flags[100:103, 20:30].all()
    assert flags.sum() == pytest.approx(3 * 10 * 2, abs=20)


def test_without_a_signal_there_is_no_limit() -> None:
    data = np.zeros((ROWS, CHANNELS, 2), np.complex64)
    assert np.isinf(amplitude_limits(data, np.ones(ROWS, np.bool_), 7.0)).all()
