"""What people ask: state at a time, histories, and the views older clients read."""

from datetime import datetime, timedelta

import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal import readers
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets.hcal.readers import NoState
from dsa_hcal_assets_tests.hcal.detector import DAY, STEP, cycle


@pytest.mark.parametrize(
    ("asked", "found"),
    [(cycle(1), 1), (cycle(4) + timedelta(minutes=9), 4), (cycle(6) - timedelta(minutes=4), 6)],
)
def test_state_is_that_of_the_nearest_snapshot(day: Database, asked: datetime, found: int) -> None:
    state = readers.state_at(day, asked)
    assert state.attrs["cycle"] == cycle(found).isoformat()
    assert len(state) == 3072


def test_a_gap_is_not_bridged(day: Database) -> None:
    with pytest.raises(NoState, match="no detector state"):
        readers.state_at(day, cycle(7) + timedelta(hours=2))
    assert readers.state_at(day, cycle(7) + timedelta(hours=2), max_age=timedelta(hours=3)) is not None


def test_towers_of_a_board_that_is_down_are_there_without_values(
    day: Database, channel_map: ChannelMap
) -> None:
    state = readers.state_at(day, cycle(0)).set_index("tower_id")
    dead = channel_map.at(cycle(0)).towers_of("91")
    assert dead is not None
    assert state.loc[dead.ravel(), "temperature"].isna().all()
    assert state["temperature"].notna().sum() == 3072 - 192


def test_a_tower_series_has_a_row_for_every_snapshot(day: Database, channel_map: ChannelMap) -> None:
    dead = channel_map.at(cycle(0)).towers_of("91")
    assert dead is not None
    series = readers.tower_series(day, int(dead[0, 0]), cycle(0), cycle(7))
    assert list(series.index) == [cycle(number) for number in (0, 1, 2, 3, 4, 6)]
    assert series["temperature"].isna().tolist() == [True] + [False] * 5


def test_towers_of_a_day_are_summed_up(day: Database, channel_map: ChannelMap) -> None:
    towers = readers.towers_of_day(day, DAY).set_index("tower_id")
    served = channel_map.at(cycle(0)).towers_of("80")
    assert served is not None
    hot = towers.loc[int(served[0, 5])]
    assert hot["temperature_max"] == pytest.approx(33.5)
    assert hot["n"] == 7


def test_board_health_names_the_reason(day: Database) -> None:
    trouble = readers.board_health(day, DAY).query("status != 'ok'")
    assert trouble[["board", "status", "error"]].to_numpy().tolist() == [
        ["91", "down", "board 91 did not answer"],
        ["82", "partial", "1 of 40 readings failed"],
    ]


def test_rollup_series_of_one_sector(day: Database) -> None:
    series = readers.rollup_series(
        day, "sector_hour", 8, "temperature", cycle(0), cycle(0) + timedelta(days=1)
    )
    assert series["n"].tolist() == [48 * 5, 48 * 2]


def test_heartbeat_view_speaks_as_older_clients_expect(day: Database) -> None:
    local = cycle(0) - timedelta(hours=4)  # New York in June
    row = day.rows(
        "select time, detector, towerid, gain, vp, vb, vn, vmod, current, temp from hcal_heartbeat"
        " where time = %s and detector = 1 and towerid = 385",
        (local.replace(tzinfo=None),),
    )
    state = readers.state_at(day, cycle(0)).query("detector == 1 and towerid == 385").iloc[0]
    [(time, number, towerid, gain, vp, vb, vn, vmod, current, temp)] = row
    assert (time, number, towerid, gain) == (local.replace(tzinfo=None), 1, 385, "Norm")
    assert (vp, vb, vn) == (state["lv_positive"], -state["bias"], state["lv_negative"])
    assert (vmod, current, temp) == (state["bias_offset"], state["leakage"], state["temperature"])
    assert vb < -60


def test_the_zone_of_the_view_is_a_setting(day: Database) -> None:
    first = "select min(time) from hcal_heartbeat"
    assert day.rows(first)[0][0] == (cycle(0) - timedelta(hours=4)).replace(tzinfo=None)
    with day.transaction() as cursor:
        cursor.execute("set local dsa_hcal.local_zone = 'UTC'")
        cursor.execute(first)
        assert cursor.fetchall() == [(cycle(0).replace(tzinfo=None),)]


def test_nearest_heartbeat_time_has_a_maximum_age(day: Database) -> None:
    asked = (cycle(4) + timedelta(minutes=3) - timedelta(hours=4)).replace(tzinfo=None)
    nearest = (cycle(4) - timedelta(hours=4)).replace(tzinfo=None)
    assert day.rows("select hcal_heartbeat_time(%s)", (asked,)) == [(nearest,)]
    assert day.rows("select hcal_heartbeat_time(%s)", (asked + timedelta(days=60),)) == [(None,)]


def test_all_towers_at_a_time_touch_one_partition_by_its_key(day: Database) -> None:
    for month in (1, 2, 3, 4):
        day.rows("select hcal.ensure_month(%s)", (cycle(0) - month * 31 * timedelta(days=1),))
    plan = "\n".join(
        line for (line,) in day.rows(
            "explain select * from hcal.tower_reading where ts = %s", (cycle(1),)
        )
    )  # fmt: skip
    assert "tower_reading_2025_06" in plan
    assert "tower_reading_2025_05" not in plan


def test_snapshots_are_listed_with_their_counts(day: Database) -> None:
    listed = readers.snapshots(day, DAY)
    assert listed["cycle"].tolist() == [cycle(number) for number in (0, 1, 2, 3, 4, 6, 7)]
    assert listed["boards_down"].tolist() == [1, 0, 0, 0, 0, 0, 0]
    assert (listed["cycle"].diff().dropna() >= STEP).all()
