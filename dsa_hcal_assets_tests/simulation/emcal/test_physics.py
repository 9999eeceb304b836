"""The simulated EMCal behaves like one: cooled, warmer by day, ageing, with a few dead SiPMs."""

from datetime import UTC, datetime, timedelta

import numpy as np

from dsa_hcal_assets.simulation.emcal.physics import truth

T0 = datetime(2026, 3, 1, tzinfo=UTC)


def every_board(moment):
    return [truth(7, sector, board, moment) for sector in range(64) for board in range(6)]


def test_the_same_seed_and_time_give_the_same_detector():
    one, again, other = truth(7, 8, 3, T0), truth(7, 8, 3, T0), truth(8, 8, 3, T0)
    np.testing.assert_array_equal(one.leakage, again.leakage)
    assert not np.array_equal(one.leakage, other.leakage)


def test_temperatures_are_those_of_a_cooled_detector_and_pre_amplifiers_are_warmer():
    boards = every_board(T0)
    sipm = np.stack([board.sipm for board in boards])
    preamp = np.stack([board.preamp for board in boards])
    assert 20 < sipm.min() < sipm.max() < 22
    assert ((preamp - sipm) > 5).all()


def test_the_top_is_warmer_than_the_bottom():
    means = [np.mean([truth(7, sector, board, T0).sipm for board in range(6)]) for sector in range(32)]
    assert np.argmax(means) in range(5, 12)
    assert np.argmin(means) in range(21, 28)


def test_a_day_goes_up_and_down_and_comes_back():
    hours = [truth(7, 0, 0, T0 + timedelta(hours=hour)).sipm[0] for hour in range(25)]
    assert 0.25 < np.ptp(hours) < 0.31
    assert abs(hours[24] - hours[0]) < 1e-9


def test_leakage_grows_with_dose_and_dead_sipms_stay_at_zero():
    now, later = (
        np.concatenate([board.leakage for board in every_board(moment)])
        for moment in (T0, T0.replace(year=2027))
    )
    dead = now == 0
    assert 10 < dead.sum() < 120  # about 0.2 % of 24,576
    np.testing.assert_array_equal(later == 0, dead)
    np.testing.assert_allclose(later[~dead] / now[~dead], (1 + 0.002 * 424) / (1 + 0.002 * 59), rtol=1e-9)
