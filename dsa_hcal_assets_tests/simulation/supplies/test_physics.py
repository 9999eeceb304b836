"""What simulated supplies deliver: ramps, trips, limits, leakage, all of it known in advance."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.hcal.supplies.output_status import OutputStatus, state_of
from dsa_hcal_assets.simulation.supplies.physics import (
    CURRENT_LIMIT,
    FULL_BIAS,
    LEAKY_SECTOR,
    BiasChannel,
    bias_channel,
    lv_slot,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@given(st.integers(0, 2**31), st.integers(0, 63))
def test_a_sectors_bias_and_current_are_within_what_was_seen(seed, sector):
    truth = bias_channel(seed, sector).truth(NOON)
    assert 64.5 <= truth.v_set <= 66.4
    assert truth.v_meas == truth.v_set
    low, high = (600e-6, 700e-6) if sector == LEAKY_SECTOR else (45e-6, 210e-6)
    assert low < truth.i_meas < high
    assert state_of(truth.status) == "On"


def test_the_same_seed_is_the_same_detector():
    assert bias_channel(3, 5).truth(NOON) == bias_channel(3, 5).truth(NOON)
    assert bias_channel(3, 5).v_set != bias_channel(4, 5).v_set
    assert lv_slot(3, 5) == lv_slot(3, 5)


@given(st.floats(0, 200))
def test_switching_ramps_by_a_volt_a_second_and_ends_where_it_is_set(seconds):
    channel = BiasChannel(65.0, 1e-4)
    channel.switch(False, NOON)
    down = channel.truth(after(seconds))
    assert down.v_meas == pytest.approx(max(0.0, 65.0 - seconds), abs=1e-6)
    assert bool(down.status & OutputStatus.RAMP_DOWN) == (down.v_meas > 0)
    assert not down.status & OutputStatus.ON
    channel.switch(True, after(seconds))
    assert channel.truth(after(seconds)).v_meas == pytest.approx(down.v_meas)
    up = channel.truth(after(seconds + 300))
    assert (up.v_meas, state_of(up.status)) == (65.0, "On")


def test_another_set_point_is_ramped_to():
    channel = BiasChannel(65.0, 1e-4)
    channel.set_voltage(60.0, NOON)
    assert channel.truth(after(2)).v_meas == pytest.approx(63.0)
    assert channel.truth(after(10)).v_meas == 60.0


def test_a_trip_is_at_once_and_forgotten_by_switching_on_again():
    channel = BiasChannel(65.0, 1e-4)
    channel.trip()
    tripped = channel.truth(NOON)
    assert (tripped.v_meas, tripped.i_meas, state_of(tripped.status)) == (0.0, 0.0, "Tripped")
    channel.switch(True, NOON)
    assert channel.truth(after(30)).v_meas == pytest.approx(30.0)
    assert state_of(channel.truth(after(30)).status) == "Other"
    assert state_of(channel.truth(after(70)).status) == "On"


@given(st.floats(1, 1000))
def test_no_current_is_above_its_limit_and_the_voltage_gives_way(load):
    channel = BiasChannel(65.0, 1e-4, load=load)
    truth = channel.truth(NOON)
    assert truth.i_meas <= CURRENT_LIMIT
    limited = state_of(truth.status) == "Current limited"
    assert limited == (truth.v_meas < 65.0)
    assert limited == (truth.i_meas == CURRENT_LIMIT)


def test_current_follows_voltage_and_the_warmth_of_the_day():
    channel = BiasChannel(FULL_BIAS, 1e-4)
    day = [channel.truth(NOON + timedelta(hours=hour)).i_meas for hour in range(24)]
    assert 0.985e-4 < min(day) < 0.995e-4
    assert 1.005e-4 < max(day) < 1.015e-4
    channel.switch(False, NOON)
    assert channel.truth(after(32.5)).i_meas == pytest.approx(channel.truth(after(0)).i_meas / 2, rel=1e-3)


@given(st.integers(0, 2**31), st.integers(1, 16))
def test_low_voltages_are_seven_to_nine_volts_and_idle_currents(seed, slot):
    truth = lv_slot(seed, slot)
    assert len(truth.volts) == len(truth.amperes) == 16
    assert all(6.97 < volts < 9.03 for volts in truth.volts)
    assert all(0.006 <= amperes <= 0.025 for amperes in truth.amperes)
