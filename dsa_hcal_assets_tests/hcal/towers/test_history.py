"""A tower's history by days says what its readings say, whatever was loaded when."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets.hcal.rollups import refresh
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.hcal.towers import history
from dsa_hcal_assets.hcal.towers.loading import load_day
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets_tests.hcal import detector
from dsa_hcal_assets_tests.hcal.detector import DAY, cycle, snapshot

NEXT = "2025-06-06"
_READ = "temperature, leakage, bias_offset, bias, lv_positive, lv_negative"


class Way:
    """From snapshots to the table, day by day."""

    def __init__(self, database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap) -> None:
        self.database, self.ledger, self.incoming, self.channel_map = database, ledger, incoming, channel_map

    def load(self, *numbers: int, **more: object) -> None:
        detector.land(self.incoming, *(snapshot(number, **more) for number in numbers))  # type: ignore[arg-type]
        for day in scan(self.incoming, self.ledger, CONTROLLERS).partitions:
            load_day(self.database, self.ledger, day, self.channel_map, "run")

    def kept(self) -> list[str]:
        return [
            day for (day,) in self.database.rows("select day::text from hcal.tower_history_day order by 1")
        ]

    def assert_series_are_the_readings(self, first: datetime, after: datetime) -> None:
        """Of every tower, over the whole of a window or a part of it."""
        readings = (
            f"select tower_id, ts, {_READ} from hcal.tower_reading"
            f" where ts >= %(first)s and ts < %(after)s and num_nonnulls({_READ}) > 0"
        )
        series = (
            f"select tower_id, ts, {_READ} from hcal.tower"
            " cross join hcal.tower_series(tower_id, %(first)s, %(after)s)"
        )
        window = {"first": first, "after": after}
        [(one, other, same)] = self.database.rows(
            f"with readings as ({readings}), series as ({series})"
            " select (select count(*) from readings), (select count(*) from series),"
            " (select count(*) from (select * from readings intersect all select * from series) shared)",
            window,
        )
        assert one == other == same > 0


@pytest.fixture
def way(database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap) -> Way:
    return Way(database, ledger, incoming, channel_map)


def test_days_kept_and_days_not_kept_give_one_series(way: Way) -> None:
    way.load(0, 1, 2, unread_temperatures={"82": 3}, down={"91"})
    way.load(5, 144, 145)
    assert history.keep(way.database, DAY)
    assert way.kept() == [DAY]
    way.assert_series_are_the_readings(cycle(0), cycle(200))
    way.assert_series_are_the_readings(cycle(1), cycle(145))


def test_a_cycle_in_which_no_board_answered_takes_no_place_of_another(way: Way) -> None:
    way.load(0, 2)
    way.load(1, boards=[])
    history.keep(way.database, DAY)
    way.assert_series_are_the_readings(cycle(0), cycle(3))


def test_a_day_without_any_reading_can_be_kept(way: Way) -> None:
    way.load(0, boards=[])
    assert history.keep(way.database, DAY)
    assert way.database.rows("select count(*) from hcal.tower_history") == [(0,)]


def test_a_day_that_goes_on_or_has_nothing_is_not_kept(way: Way) -> None:
    way.load(0)
    assert not history.keep(way.database, DAY, now=cycle(143))
    assert not history.keep(way.database, NEXT)
    assert history.keep(way.database, DAY, now=cycle(144))
    assert not history.keep(way.database, DAY, now=cycle(144))


def test_loading_anything_of_a_day_removes_it_and_the_next_rollup_makes_it_again(way: Way) -> None:
    way.load(0, 144)
    refresh(way.database, NEXT)
    assert way.kept() == [DAY, NEXT]
    way.load(3)
    assert way.kept() == [NEXT]
    way.assert_series_are_the_readings(cycle(0), cycle(200))
    refresh(way.database, DAY)
    assert way.kept() == [DAY, NEXT]
    way.assert_series_are_the_readings(cycle(0), cycle(200))


def test_a_year_is_read_from_the_arrays(way: Way) -> None:
    way.load(0, 1)
    history.keep(way.database, DAY)
    with way.database.transaction() as cursor:
        cursor.execute("delete from hcal.tower_reading")  # nobody does; the arrays are what is left
        cursor.execute(
            "select ts, temperature from hcal.tower_series(385::smallint, %s, %s) order by ts",
            (cycle(0), cycle(0) + timedelta(days=365)),
        )
        assert [ts for ts, _ in cursor.fetchall()] == [cycle(0), cycle(1)]
