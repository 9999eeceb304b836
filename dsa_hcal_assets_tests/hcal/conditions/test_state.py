"""What is valid at a time or run: readings no older than allowed, corrections, bad channels."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.roles import grant_access, reading
from dsa_hcal_assets.hcal import readers
from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter
from dsa_hcal_assets.hcal.conditions.state import UnknownRun, begin_of_run, valid_state
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets_tests.hcal.conditions.conditions_data import add_bad_channel, add_corrections, add_run
from dsa_hcal_assets_tests.hcal.detector import DAY, cycle

OUTER = Calorimeter.OHCAL
MINUTE = timedelta(minutes=1)


def test_state_is_that_of_the_nearest_reading(day: Database) -> None:
    valid = valid_state(day, OUTER, cycle(4) + 3 * MINUTE)
    read = readers.state_at(day, cycle(4)).query("detector == 0").reset_index()
    assert valid["tower_id"].tolist() == list(range(1536))
    for column in ("temperature", "leakage", "bias_offset", "bias"):
        assert valid[column].tolist() == read[column].tolist()
    assert set(valid["reading_time"]) == {cycle(4).replace(tzinfo=None)}
    assert set(valid["age_seconds"]) == {180.0}
    assert set(valid["gain_mode"]) == {"normal"}


def test_a_tower_that_was_not_read_has_its_own_nearest_reading(
    day: Database, channel_map: ChannelMap
) -> None:
    down = channel_map.at(cycle(0)).towers_of("91")
    assert down is not None
    states = [valid_state(day, one, cycle(0)) for one in (OUTER, Calorimeter.IHCAL)]
    [state] = [one for one in states if one["tower_id"].isin(down.ravel()).any()]
    late = state["tower_id"].isin(down.ravel())
    assert set(state.loc[late, "reading_time"]) == {cycle(1).replace(tzinfo=None)}
    assert set(state.loc[~late, "reading_time"]) == {cycle(0).replace(tzinfo=None)}
    assert state["temperature"].notna().all()


def test_with_a_smaller_maximum_age_it_has_none(day: Database, channel_map: ChannelMap) -> None:
    down = channel_map.at(cycle(0)).towers_of("91")
    assert down is not None
    state = valid_state(day, OUTER, cycle(0), max_age=5 * MINUTE)
    unread = state[state["tower_id"].isin(down.ravel())]
    assert len(unread) > 0
    assert unread["temperature"].isna().all()
    assert unread["reading_time"].isna().all()
    assert set(unread["status"]) == {1 + 2 + 4}


def test_in_a_gap_every_tower_is_there_and_says_that_it_is_not_known(day: Database) -> None:
    state = valid_state(day, OUTER, cycle(7) + timedelta(days=60))
    assert len(state) == 1536
    assert state["temperature"].isna().all()
    assert set(state["status"]) == {1 + 2 + 4}


def test_a_failed_temperature_is_taken_from_the_nearest_cycle_that_has_one(
    day: Database, channel_map: ChannelMap
) -> None:
    board = channel_map.at(cycle(7)).towers_of("82")
    assert board is not None
    state = valid_state(day, OUTER, cycle(7)).set_index("tower_id").loc[board[3]]
    assert set(state["reading_time"]) == {cycle(6).replace(tzinfo=None)}
    assert state["temperature"].notna().all()


def test_corrections_of_the_newest_set_that_passed_apply_within_their_validity(loaded: Database) -> None:
    noon = datetime(2025, 6, 5, 12, tzinfo=UTC)
    add_corrections(loaded, DAY, {0: 1.02, 1: 1.05}, until=noon)
    newest = add_corrections(loaded, DAY, {0: 1.03}, until=noon)
    add_corrections(loaded, DAY, {0: 9.0}, until=noon, verdict="fail")
    add_corrections(loaded, DAY, {0: 8.0}, until=noon, verdict=None)
    add_corrections(loaded, "2025-06-04", {1: 7.0}, until=noon)
    state = valid_state(loaded, OUTER, cycle(1)).set_index("tower_id")
    assert state.loc[0, ["gain", "gain_error", "correction_set", "status"]].tolist() == [
        pytest.approx(1.03),
        pytest.approx(0.01),
        newest,
        0,
    ]
    assert state.loc[1, ["gain", "status"]].tolist() == [1.0, 4]
    afternoon = valid_state(loaded, OUTER, noon, max_age=timedelta(hours=12)).set_index("tower_id")
    assert afternoon.loc[0, ["gain", "status"]].tolist() == [1.0, 4]


def test_bad_channels_are_named_with_their_worst_severity(loaded: Database) -> None:
    add_bad_channel(loaded, 5, "noisy", 1, cycle(0))
    add_bad_channel(loaded, 6, "noisy", 1, cycle(0))
    add_bad_channel(loaded, 6, "dead", 2, cycle(0))
    add_bad_channel(loaded, 7, "dead", 2, cycle(6))
    state = valid_state(loaded, OUTER, cycle(1)).set_index("tower_id")
    assert state.loc[[5, 6, 7], "bad_severity"].tolist() == [1, 2, 0]
    assert state.loc[[5, 6, 7], "bad_reasons"].tolist() == ["noisy", "dead, noisy", ""]
    assert state.loc[[5, 6, 7], "status"].tolist() == [4 + 8, 4 + 16, 4]


def test_the_state_of_a_run_is_that_at_its_begin(loaded: Database) -> None:
    add_run(loaded, 52000, cycle(2) + MINUTE)
    of_run = loaded.rows("select * from hcal.tower_state_of_run(52000) order by tower_id")
    at_time = loaded.rows("select * from hcal.tower_state_at(%s) order by tower_id", (cycle(2) + MINUTE,))
    assert of_run == at_time
    assert len(of_run) == 3072
    in_view = loaded.rows("select * from hcal.tower_state_by_run where run_number = 52000 order by tower_id")
    assert [row[2:] for row in in_view] == of_run
    assert begin_of_run(loaded, 52000) == cycle(2) + MINUTE


def test_a_run_nobody_knows_has_no_state_and_says_so(day: Database) -> None:
    assert day.rows("select * from hcal.tower_state_of_run(1)") == []
    with pytest.raises(UnknownRun, match="run 1 is not known"):
        begin_of_run(day, 1)


def test_the_state_does_not_depend_on_the_zone_of_the_session(day: Database) -> None:
    with day.transaction() as cursor:
        cursor.execute("set local timezone = 'America/New_York'")
        cursor.execute("select min(reading_time) from hcal.tower_state_at(%s)", (cycle(4),))
        assert cursor.fetchall() == [(cycle(4).replace(tzinfo=None),)]


def test_towers_carry_the_key_of_reconstruction(day: Database) -> None:
    for detector, towerid, key, ieta, iphi in day.rows(
        "select detector, towerid, tower_key, ieta, iphi from hcal.tower_state_at(%s)", (cycle(4),)
    ):
        assert key == iphi + (ieta << 16)
        assert 0 <= towerid < 1536
        assert detector in (0, 1)


def test_who_may_only_look_gets_it_all(loaded: Database) -> None:
    grant_access(loaded)
    add_run(loaded, 52000, cycle(2))
    with closing(reading(loaded)) as reader:
        assert reader.rows("select count(*) from hcal.tower_state_of_run(52000)") == [(3072,)]
        assert reader.rows("select count(*) from hcal.emcal_state_at(now())") == [(0,)]
        assert reader.rows("select * from hcal.payload_of_run('online', 0, 52000)") == []
        assert reader.rows("select count(*) from hcal.tower_state_by_run where run_number = 52000") == [
            (3072,)
        ]
