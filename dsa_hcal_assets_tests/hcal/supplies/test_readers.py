"""What people ask of the supplies: the state at a time, a day's summary, how crates answered."""

from datetime import timedelta

import pytest

from dsa_hcal_assets.hcal.readers import NoState
from dsa_hcal_assets.hcal.supplies.readers import crates_of_day, state_at, supplies_of_day
from dsa_hcal_assets_tests.hcal.supplies import scene
from dsa_hcal_assets_tests.hcal.supplies.scene import DAY, cycle, snapshot


def test_the_state_at_a_time_is_each_crates_newest_reading(database, load):
    load(*(snapshot(number, down={"mpod"} if number == 12 else ()) for number in range(13)))
    state = state_at(database, cycle(12))
    newest = state.groupby("crate")["ts"].max()
    # the bias crate was down in the last cycle, the low-voltage crate is due in every tenth
    assert [newest[crate].to_pydatetime() for crate in ("mpod", "lv", "keithley")] == [
        cycle(11),
        cycle(10),
        cycle(12),
    ]
    assert len(state) == 64 + 256 + 1
    bias = state[state["kind"] == "mpod"].set_index("hcal_sector")
    assert bias.loc[5, "v_meas"] == pytest.approx(scene.truth(5, cycle(11)).v_meas, rel=1e-6)
    assert set(bias["state"]) == {"On"}


def test_a_channel_missing_from_the_newest_reading_has_its_last_one(database, load):
    load(snapshot(1), snapshot(2, without_sectors={7}))
    bias = state_at(database, cycle(2)).query("kind == 'mpod'").set_index("hcal_sector")
    assert len(bias) == 64
    assert bias.loc[7, "ts"].to_pydatetime() == cycle(1)
    assert bias.loc[8, "ts"].to_pydatetime() == cycle(2)


def test_nothing_older_than_asked_for_and_nothing_of_the_future_is_state(database, load):
    load(snapshot(0), snapshot(1))
    assert state_at(database, cycle(0))["ts"].max().to_pydatetime() == cycle(0)
    assert len(state_at(database, cycle(5), max_age=timedelta(minutes=5))) == 65
    with pytest.raises(NoState, match="within 0:05:00 before"):
        state_at(database, cycle(7), max_age=timedelta(minutes=5))
    with pytest.raises(NoState):
        state_at(database, cycle(0) - timedelta(seconds=1))


def test_a_day_is_summed_up_channel_by_channel(database, load):
    load(*(snapshot(number) for number in range(4)))
    day = supplies_of_day(database, DAY)
    assert len(day) == 64 + 256 + 1
    bias = day[day["kind"] == "mpod"].set_index("hcal_sector")
    real = [scene.truth(9, cycle(number)) for number in range(4)]
    assert bias.loc[9, "n"] == 4
    assert bias.loc[9, "v_meas"] == pytest.approx(real[0].v_meas, rel=1e-6)
    assert bias.loc[9, "i_meas"] == pytest.approx(sum(one.i_meas for one in real) / 4, rel=1e-6)
    assert bias.loc[9, "i_most"] == pytest.approx(max(one.i_meas for one in real), rel=1e-6)
    assert (bias.loc[9, "on"], bias.loc[9, "tripped"], bias.loc[9, "state"]) == (4, 0, "On")


def test_a_day_without_readings_is_empty_and_typed(database):
    day = supplies_of_day(database, DAY)
    assert day.empty
    assert day["v_meas"].dtype == "float64"
    assert crates_of_day(database, DAY).empty


def test_how_crates_answered_is_told_cycle_by_cycle(database, load):
    load(snapshot(0), snapshot(1, down={"mpod"}))
    crates = crates_of_day(database, DAY)
    assert list(zip(crates["crate"], crates["status"], strict=True)) == [
        ("keithley", "ok"),
        ("lv", "ok"),
        ("mpod", "ok"),
        ("keithley", "ok"),
        ("mpod", "down"),
    ]
    assert crates["error"].iloc[-1] == "mpod did not answer"
