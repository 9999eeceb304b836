"""Flag statistics count what an operator wants to know, over receptors that work."""

import math

import numpy as np
import pytest

from dsa_hcal_assets.radio.flagging.figures import write_figures
from dsa_hcal_assets.radio.flagging.statistics import Statistics, Tally, difference_kurtosis, working
from dsa_hcal_assets_tests.radio.flagging.windows import make_window


def test_stations_without_a_dish_do_not_count() -> None:
    """21 of 117 stations never have data: a raw share of 28 % can mean 1 % of the working ones."""
    window = make_window(antennas=6)
    absent = (window.antenna1 == 5) | (window.antenna2 == 5)
    window.data[absent] = 0
    flag = np.zeros(window.data.shape, dtype=bool)
    flag[absent] = True
    statistics = Statistics()
    statistics.add(window, flag, {})
    assert statistics.fraction == 0
    assert statistics.working_antennas == {0, 1, 2, 3, 4}
    assert flag.mean() > 0.2


def test_a_receptor_without_data_leaves_the_other_feed_counted() -> None:
    window = make_window(antennas=4)
    window.data[(window.antenna1 == 2) | (window.antenna2 == 2), :, 1] = 0
    counted = working(window)
    mine = window.cross & ((window.antenna1 == 2) | (window.antenna2 == 2))
    assert counted[mine, :, 0].all()
    assert not counted[mine, :, 1].any()


def test_autocorrelations_do_not_count() -> None:
    window = make_window()
    flag = np.zeros(window.data.shape, dtype=bool)
    flag[~window.cross] = True
    statistics = Statistics()
    statistics.add(window, flag, {"autocorrelations": flag})
    assert statistics.fraction == 0
    assert statistics.step_fractions() == {"autocorrelations": 0}


def test_shares_by_antenna_channel_time_and_length() -> None:
    window = make_window(antennas=4, times=4, channels=8)
    flag = np.zeros(window.data.shape, dtype=bool)
    flag[:, 3] = True
    flag[(window.antenna1 == 1) | (window.antenna2 == 1)] = True
    statistics = Statistics()
    statistics.add(window, flag, {"all": flag})
    _, by_antenna = statistics.antenna.shares()
    _, by_channel = statistics.frequency.shares()
    _, by_time = statistics.time.shares()
    assert by_antenna[1] == 1
    assert by_channel[3] == 1
    assert by_channel[2] == pytest.approx(0.5)  # 3 of 6 baselines have antenna 1
    assert np.ptp(by_time) == 0
    assert statistics.fraction == pytest.approx(1 - 7 / 8 * 0.5)
    assert statistics.step_fractions()["all"] == pytest.approx(statistics.fraction)


def test_windows_are_joined() -> None:
    statistics = Statistics()
    for number, share in enumerate((True, False)):
        window = make_window(seed=number)
        statistics.add(window, np.full(window.data.shape, share), {})
    assert statistics.fraction == pytest.approx(0.5)


class TestKurtosis:
    def test_noise_has_three(self) -> None:
        window = make_window(antennas=8, times=40, channels=64)
        assert difference_kurtosis(window, window.flag) == pytest.approx(3, abs=0.2)

    def test_unflagged_interference_shows_and_flagged_does_not(self) -> None:
        window = make_window(antennas=8, times=40, channels=64)
        hit = np.random.default_rng(2).random(window.data.shape) < 0.002
        window.data[hit] += 40
        assert difference_kurtosis(window, window.flag) > 10
        assert difference_kurtosis(window, hit) == pytest.approx(3, abs=0.2)

    def test_gains_and_a_bandpass_slope_do_not_matter(self) -> None:
        window = make_window(antennas=8, times=40, channels=64)
        window.data += 30 * np.linspace(0.2, 1, 64)[None, :, None]
        window.data *= (1 + window.antenna1)[:, None, None]
        assert difference_kurtosis(window, window.flag) == pytest.approx(3, abs=0.3)

    def test_it_is_not_measured_without_data(self) -> None:
        window = make_window()
        assert math.isnan(difference_kurtosis(window, np.ones(window.data.shape, dtype=bool)))


def test_an_empty_tally_has_no_shares() -> None:
    keys, shares = Tally().shares()
    assert keys.size == shares.size == 0


def test_figures_are_written(tmp_path) -> None:  # type: ignore[no-untyped-def]
    window = make_window(antennas=5)
    statistics = Statistics(dead={3})
    statistics.add(window, window.flag, {"exact zeros": window.flag})
    (figure,) = write_figures(statistics, [f"A{n}" for n in range(5)], tmp_path)
    assert (tmp_path / "flags.png").read_bytes().startswith(b"\x89PNG")
    assert "by antenna" in figure["caption"]
