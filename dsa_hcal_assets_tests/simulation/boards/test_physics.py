"""The detector behind the boards: deterministic, and within what the real one shows."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.simulation.boards.physics import (
    BOARDS,
    BREAKDOWN_SHIFT,
    EPOCH,
    OVER_VOLTAGE,
    detector_of,
    phi_of,
    pin_diodes,
    truth,
)

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def everything(moment=NOW, seed=7, detector=None):
    boards = [board for board in BOARDS if detector in (None, detector_of(board))]
    return [truth(seed, board, channel, moment) for board in boards for channel in range(8)]


def test_there_are_3072_towers_half_of_them_outer():
    assert sum(len(channel.temperature) for channel in everything()) == 3072
    assert [detector_of(board) for board in BOARDS].count("outer") == 8


@pytest.mark.parametrize(("detector", "low", "high"), [("outer", 21.4, 23.2), ("inner", 23.5, 25.4)])
@pytest.mark.parametrize("hours", [0, 6, 12, 18])
def test_temperatures_are_in_the_range_of_the_real_detector(detector, low, high, hours):
    values = np.concatenate(
        [c.temperature for c in everything(NOW + timedelta(hours=hours), detector=detector)]
    )
    assert low - 0.05 <= values.min()
    assert values.max() <= high + 0.05


def test_temperatures_are_flat_to_a_tenth_over_an_hour_and_move_over_a_day():
    now, later, night = (everything(NOW + timedelta(hours=hours))[0].temperature for hours in (0, 1, 12))
    assert np.abs(later - now).max() < 0.1
    assert np.abs(night - now).max() > 0.05


def test_voltages_and_offsets_are_in_the_range_of_the_real_detector():
    for channel in everything():
        assert 64.5 <= channel.bias <= 66.4
        assert channel.lv_positive == pytest.approx(6.4, abs=0.1)
        assert channel.lv_negative == pytest.approx(-6.6, abs=0.1)
        assert -2000 <= channel.offset.min() <= channel.offset.max() <= 1270


def test_leakage_grows_over_the_months():
    before, after = everything(NOW), everything(NOW + timedelta(days=120))
    assert all((b.leakage > a.leakage).all() for a, b in zip(before, after, strict=True))


def test_leakage_grows_faster_inside_and_outwards():
    def growth(board):
        before, after = truth(7, board, 0, NOW), truth(7, board, 0, NOW + timedelta(days=365))
        # the same hour of the day: only dose differs
        return after.leakage / before.leakage

    assert growth("84").mean() > growth("80").mean()
    assert (growth("80")[22:] > growth("80")[:2]).all()


def test_gain_falls_by_what_a_degree_takes_from_the_over_voltage():
    cold, warm = (truth(7, "80", 0, EPOCH + timedelta(hours=hours)) for hours in (9.6, 15.6))
    degrees = warm.temperature - cold.temperature
    assert degrees.min() > 0.1
    np.testing.assert_allclose(
        (warm.sipm_gain - cold.sipm_gain) / degrees, -BREAKDOWN_SHIFT / OVER_VOLTAGE, rtol=0.02
    )


def test_a_millivolt_of_offset_is_a_millivolt_of_over_voltage():
    tuned = truth(7, "80", 0, EPOCH)
    raised = truth(7, "80", 0, EPOCH, tuned.offset + 400)
    np.testing.assert_allclose(raised.sipm_gain - tuned.sipm_gain, 0.4 / OVER_VOLTAGE)
    np.testing.assert_array_equal(raised.offset, tuned.offset + 400)


def test_gain_drifts_by_about_two_percent_a_year_each_tower_by_its_own():
    years = [
        after.sipm_gain / before.sipm_gain - 1
        for before, after in zip(everything(), everything(NOW + timedelta(days=365)), strict=True)
    ]
    assert np.mean(years) == pytest.approx(-0.02, abs=0.002)
    assert 0.005 < np.std(years) < 0.02


def test_pin_diodes_show_their_own_led_and_its_ageing():
    lit = pin_diodes(7, "80", 0, NOW, np.full(5, 3200.0), [True, False, True, False, False])
    assert [bool(counts) for counts in lit] == [True, False, True, False, False]
    weaker = pin_diodes(7, "80", 0, NOW, np.full(5, 1900.0), [True] * 5)
    aged = pin_diodes(7, "80", 0, NOW + timedelta(days=3650), np.full(5, 3200.0), [True] * 5)
    assert weaker[0] < lit[0]
    assert aged[2] < lit[2] <= 156


def test_the_upper_side_is_warmer():
    outer = [
        (phi_of(board, 0), truth(7, board, 0, NOW).temperature.mean()) for board in BOARDS if board[1] < "4"
    ]
    assert np.corrcoef(np.sin([phi for phi, _ in outer]), [mean for _, mean in outer])[0, 1] > 0.9


@given(st.integers(0, 5), st.sampled_from(BOARDS), st.integers(0, 7), st.datetimes(timezones=st.just(UTC)))
def test_the_same_seed_and_time_give_the_same_truth(seed, board, channel, moment):
    first, second = truth(seed, board, channel, moment), truth(seed, board, channel, moment)
    np.testing.assert_array_equal(first.temperature, second.temperature)
    assert np.isfinite(first.leakage).all()


def test_another_seed_is_another_detector():
    assert not np.array_equal(everything(seed=1)[0].offset, everything(seed=2)[0].offset)


def test_the_zone_of_the_time_does_not_matter():
    elsewhere = NOW.astimezone(timezone(timedelta(hours=-5)))
    np.testing.assert_array_equal(everything(NOW)[9].temperature, everything(elsewhere)[9].temperature)


def test_the_truth_cannot_be_changed_through_what_is_returned():
    truth(7, "80", 0, NOW).offset[:] = 0
    assert truth(7, "80", 0, NOW).offset.any()
