"""SumThreshold finds interference above its background, agrees with plain numpy, and leaves the sky."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsa_hcal_assets.radio.flagging import sumthreshold
from dsa_hcal_assets.radio.flagging.search import ArraySpectrum
from dsa_hcal_assets.radio.flagging.steps import MAD_TO_SIGMA, Step
from dsa_hcal_assets_tests.radio.flagging.windows import Noise, make_noise

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]
TIMES, CHANNELS = 24, 96


def lower_median(values: NDArray[np.floating]) -> float:
    return float(np.sort(values.ravel())[(values.size - 1) // 2]) if values.size else 0.0


def plain_sum_threshold(plane: Plane, bad: Mask, limit: float) -> Mask:
    """As the paper has it, with explicit windows: Offringa et al. 2010, section 2.1.3."""
    bad = bad | (plane > max(limit, sumthreshold.LEAST_EXCESS))
    run = 2
    while run <= sumthreshold.LONGEST_RUN:
        limit /= sumthreshold.FALL
        filled, found = np.where(bad, limit, plane), np.zeros_like(bad)
        for axis in (0, 1):
            if run > plane.shape[axis]:
                continue
            means = np.lib.stride_tricks.sliding_window_view(filled, run, axis).mean(axis=-1)
            spread = MAD_TO_SIGMA * lower_median(np.abs(means))
            over = means > max(limit, sumthreshold.LEAST_EXCESS, sumthreshold.RUN_SIGMA * spread) * (
                1 + sumthreshold.ROUNDING
            )
            for time, channel in np.argwhere(over):
                found[time : time + (run if axis == 0 else 1), channel : channel + (run if axis else 1)] = (
                    True
                )
        bad, run = bad | found, run * 2
    return bad


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    times=st.integers(1, 20),
    channels=st.integers(1, 40),
    strength=st.floats(0, 3),
    flagged=st.floats(0, 1),
)
def test_it_is_the_method_of_the_paper(
    seed: int, times: int, channels: int, strength: float, flagged: float
) -> None:
    rng = np.random.default_rng(seed)
    plane = rng.normal(0, 0.4, (times, channels)).astype(np.float32)
    plane[times // 3 : times // 3 + 4, channels // 4 : channels // 2] += strength
    bad = rng.random(plane.shape) < flagged
    found = bad.copy()
    sumthreshold.sum_threshold(plane, found, np.float32(2.0))
    assert (found == plain_sum_threshold(plane, bad, 2.0)).all()
    assert found[bad].all()


def searched(noise: Noise, sigma: float = 6.0) -> tuple[NDArray[np.uint8], ArraySpectrum]:
    block, codes = noise.block, np.zeros(noise.block.data.shape, np.uint8)
    spectrum = ArraySpectrum.of(noise.layout)
    for thread in range(sumthreshold.THREADS):
        sumthreshold.search(
            thread, block.data, codes, block.members, block.starts, noise.layout.cross, spectrum.moment,
            sigma, int(Step.SEARCH), spectrum.excess[thread], spectrum.counted[thread],
        )  # fmt: skip
    return codes, spectrum


@pytest.fixture
def noise() -> Noise:
    return make_noise(antennas=7, times=TIMES, channels=CHANNELS)


class TestOneBaseline:
    def test_noise_is_left_alone(self, noise: Noise) -> None:
        codes, _ = searched(noise)
        assert np.count_nonzero(codes) < 2e-3 * codes.size

    @pytest.mark.parametrize("level", [0.0, 8.0])
    def test_a_line_that_stays_is_found(self, noise: Noise, level: float) -> None:
        noise.block.data += level
        mine = noise.rows(1, 4)
        noise.block.data[mine, 40] += 8
        codes, _ = searched(noise)
        assert (codes[mine, 40] == Step.SEARCH).mean() > 0.95
        assert (codes[mine][:, [38, 42]] != 0).mean() < 0.05

    def test_a_passing_satellite_below_the_limit_of_a_sample_is_found(self, noise: Noise) -> None:
        mine = noise.rows(1, 4)
        noise.block.data[mine[:3], 20:70] += 4
        codes, _ = searched(noise)
        assert (codes[mine[:3], 20:70] == Step.SEARCH).mean() > 0.9

    def test_autocorrelations_are_not_searched(self, noise: Noise) -> None:
        noise.block.data[~noise.layout.cross, 40] += 1000
        assert not searched(noise)[0][~noise.layout.cross].any()

    def test_bandpass_and_a_drift_through_the_beam_are_background(self, noise: Noise) -> None:
        channel, time = np.arange(CHANNELS), noise.layout.time - noise.layout.time.min()
        noise.block.data += 30
        noise.block.data *= (1 + 0.3 * np.sin(channel / 12))[None, :, None].astype(np.float32)
        noise.block.data *= np.exp(-(((time - 60) / 200) ** 2))[:, None, None].astype(np.float32)
        codes, _ = searched(noise)
        assert np.count_nonzero(codes) < 2e-3 * codes.size

    def test_two_sources_that_beat_are_background(self, noise: Noise) -> None:
        moment = np.unique(noise.layout.time, return_inverse=True)[1]
        fringe = np.exp(2j * np.pi * (moment[:, None] / 9 + np.arange(CHANNELS) / 30))
        noise.block.data *= np.float32(0.3)
        noise.block.data += (20 + 6 * fringe).astype(np.complex64)[:, :, None]
        codes, _ = searched(noise)
        assert np.count_nonzero(codes) < 2e-3 * codes.size

    def test_flagged_samples_and_empty_series_are_no_obstacle(self, noise: Noise) -> None:
        noise.block.data[noise.rows(0, 1)] = np.nan
        codes = np.zeros(noise.block.data.shape, np.uint8)
        codes[noise.rows(0, 1)] = Step.ZEROS
        spectrum = ArraySpectrum.of(noise.layout)
        sumthreshold.search(
            0, noise.block.data, codes, noise.block.members, noise.block.starts, noise.layout.cross,
            spectrum.moment, 6.0, int(Step.SEARCH), spectrum.excess[0], spectrum.counted[0],
        )  # fmt: skip
        assert (codes[noise.rows(0, 1)] == Step.ZEROS).all()
        assert np.isfinite(spectrum.excess).all()


class TestTheArray:
    def test_what_no_baseline_shows_is_found_in_their_mean(self) -> None:
        noise = make_noise(antennas=16, times=TIMES, channels=CHANNELS)
        at = noise.layout.time == noise.layout.time.min() + 70
        noise.block.data[at, 30:60] += 1.5
        codes, spectrum = searched(noise)
        everywhere = spectrum.interference(6.0)
        assert (codes[at & noise.layout.cross, 30:60] != 0).mean() < 0.2
        assert everywhere[7, 30:60].mean() > 0.95
        everywhere[7, 30:60] = False
        assert everywhere.mean() < 1e-3

    def test_one_bad_antenna_is_not_the_whole_arrays_interference(self) -> None:
        noise = make_noise(antennas=40, times=TIMES, channels=CHANNELS)
        noise.block.data[noise.of_antenna(3), 40] += 1e4
        codes, spectrum = searched(noise)
        assert (codes[noise.of_antenna(3) & noise.layout.cross, 40] != 0).all()
        assert not spectrum.interference(6.0).any()

    def test_without_data_there_is_no_interference(self) -> None:
        assert not ArraySpectrum.of(make_noise().layout).interference(6.0).any()
