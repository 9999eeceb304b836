"""Each flagging step finds what it is for, and only that."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.radio.flagging import steps
from dsa_hcal_assets_tests.radio.flagging.windows import make_window


def test_exact_zeros_and_invalid_numbers_are_flagged() -> None:
    window = make_window()
    window.data[3, 5, 0] = 0
    window.data[4, 6, 1] = np.nan
    mask = steps.zeros(window)
    assert mask[3, 5, 0]
    assert mask[4, 6, 1]
    assert mask.sum() == 2


def test_autocorrelations_are_flagged_whole_and_nothing_else() -> None:
    window = make_window()
    mask = steps.autocorrelations(window)
    assert mask[~window.cross].all()
    assert not mask[window.cross].any()


@pytest.mark.parametrize("channels", [0, 1, 3])
def test_edge_channels(channels: int) -> None:
    mask = steps.edge_channels(make_window(channels=16), channels)
    assert mask.any(axis=(0, 2)).sum() == 2 * channels
    assert not mask[:, channels : 16 - channels].any()


def test_quack_takes_the_start_of_each_scan() -> None:
    window = make_window(times=10)
    window.scan[window.time >= window.time.min() + 50] = 2
    mask = steps.quack(window, 10.0).any(axis=(1, 2))
    assert sorted(set(window.time[mask] - window.time.min())) == [0.0, 50.0]
    assert not steps.quack(window, 0.0).any()


def test_the_amplitude_clip_spares_autocorrelations() -> None:
    window = make_window()
    window.data[~window.cross] = 1000
    window.data[np.flatnonzero(window.cross)[2], 4, 1] = 50
    assert steps.amplitude_clip(window, 40).sum() == 1


class TestDeadAntennas:
    def test_an_antenna_without_data_is_dead_and_its_partners_are_not(self) -> None:
        window = make_window(antennas=6)
        touched = (window.antenna1 == 2) | (window.antenna2 == 2)
        flag = np.zeros(window.data.shape, dtype=bool)
        flag[touched] = True
        mask, dead = steps.dead_antennas(window, flag, 0.95)
        assert dead == [2]
        assert (mask.any(axis=(1, 2)) == touched).all()

    def test_two_dead_antennas_are_both_found(self) -> None:
        window = make_window(antennas=6)
        flag = np.zeros(window.data.shape, dtype=bool)
        for antenna in (1, 4):
            flag[(window.antenna1 == antenna) | (window.antenna2 == antenna)] = True
        assert steps.dead_antennas(window, flag, 0.95)[1] == [1, 4]

    def test_a_half_flagged_antenna_lives(self) -> None:
        window = make_window(antennas=6)
        flag = np.zeros(window.data.shape, dtype=bool)
        flag[(window.antenna1 == 2) | (window.antenna2 == 2), :8] = True
        assert steps.dead_antennas(window, flag, 0.95)[1] == []


class TestMadClip:
    def test_strong_interference_is_found_and_noise_is_left_alone(self) -> None:
        window = make_window(times=20, channels=32)
        rows = np.flatnonzero(window.cross)[5:15]
        window.data[rows, 7, 0] += 100
        mask = steps.mad_clip(window, np.zeros(window.data.shape, dtype=bool), 7.0)
        assert mask[rows, 7, 0].all()
        mask[rows, 7, 0] = False
        assert mask.mean() < 1e-4

    def test_a_bright_field_is_not_interference_to_a_faint_one(self) -> None:
        window = make_window(times=20)
        window.field[window.time > np.median(window.time)] = 1
        window.data[window.field == 1] += 300
        mask = steps.mad_clip(window, np.zeros(window.data.shape, dtype=bool), 7.0)
        assert mask.mean() < 1e-4

    def test_the_bandpass_shape_is_not_interference(self) -> None:
        window = make_window(times=20, channels=32)
        window.data += 20
        window.data *= np.linspace(0.1, 3, 32)[None, :, None]
        mask = steps.mad_clip(window, np.zeros(window.data.shape, dtype=bool), 7.0)
        assert not mask.any()

    def test_nothing_is_flagged_where_nothing_is_left(self) -> None:
        window = make_window()
        assert not steps.mad_clip(window, np.ones(window.data.shape, dtype=bool), 7.0).any()

    @given(scale=st.floats(1e-6, 1e6))
    def test_the_unit_of_the_data_does_not_matter(self, scale: float) -> None:
        window = make_window(times=6, seed=3)
        window.data[4, 3, 0] = 80
        reference = steps.mad_clip(window, np.zeros(window.data.shape, dtype=bool), 7.0)
        window.data *= np.float32(scale)
        assert (steps.mad_clip(window, np.zeros(window.data.shape, dtype=bool), 7.0) == reference).all()


class TestExtend:
    def test_other_correlations_follow(self) -> None:
        window = make_window(channels=16)
        found = np.zeros(window.data.shape, dtype=bool)
        found[5, 3, 0] = True
        extended = steps.extend(window, found)
        assert extended[5, 3].all()
        assert extended.sum() == 2

    def test_an_integration_of_which_most_channels_are_bad_goes_whole(self) -> None:
        window = make_window(times=10, channels=16)
        found = np.zeros(window.data.shape, dtype=bool)
        found[5, :10] = True
        assert steps.extend(window, found)[5].all()

    def test_a_channel_bad_most_of_the_time_goes_for_that_baseline_only(self) -> None:
        window = make_window(times=10, channels=16)
        mine = (window.antenna1 == 0) & (window.antenna2 == 3)
        found = np.zeros(window.data.shape, dtype=bool)
        found[np.flatnonzero(mine)[:7], 4] = True
        extended = steps.extend(window, found)
        assert extended[mine, 4].all()
        assert not extended[~mine].any()

    @given(seed=st.integers(0, 1000), share=st.floats(0, 1))
    def test_flags_are_never_taken_back(self, seed: int, share: float) -> None:
        window = make_window(times=4, antennas=4, channels=6)
        found = np.random.default_rng(seed).random(window.data.shape) < share
        assert steps.extend(window, found)[found].all()
