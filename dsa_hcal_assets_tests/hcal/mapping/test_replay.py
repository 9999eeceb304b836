"""A corrected map: the days it changes are found, and loaded again they are what they should have been."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets.hcal.mapping.dimensions import map_in_use, sync_dimensions
from dsa_hcal_assets.hcal.mapping.replay import AffectedDay, affected_days, now_covered
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.hcal.snapshots.load_report import Result
from dsa_hcal_assets.hcal.towers.loading import load_day
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets_tests.hcal import detector
from dsa_hcal_assets_tests.hcal.mapping import rewired

DAYS = ("2025-06-04", "2025-06-05", "2025-06-06")
SWAP = (("80", "0"), ("80", "1"))


@pytest.fixture
def wrong(tmp_path: Path) -> ChannelMap:
    """The map in use at first: two channels of board 80 the wrong way round since noon of the second day."""
    return rewired.written(tmp_path / "wrong.csv", rewired.exchanged(SWAP, since="2025-06-05T12:00"))


@pytest.fixture
def loaded_wrongly(database: Database, ledger: Ledger, incoming: Path, wrong: ChannelMap) -> Database:
    """Three days of two snapshots each, one in the morning and one in the evening, under the wrong map."""
    for day in DAYS:
        for hour in (6, 18):
            moment = datetime.fromisoformat(f"{day}T{hour:02d}:00+00:00")
            detector.land(incoming, detector.snapshot(hour, moment=moment))
    scan(incoming, ledger, CONTROLLERS)
    for day in DAYS:
        load_day(database, ledger, day, wrong, "run-1")
    return database


def readings(database: Database) -> list[tuple[Any, ...]]:
    return database.rows("select * from hcal.tower_reading order by ts, tower_id")


def test_only_days_that_differ_at_the_time_of_a_snapshot_are_affected(
    loaded_wrongly: Database, channel_map: ChannelMap, wrong: ChannelMap
) -> None:
    assert affected_days(loaded_wrongly, wrong) == []
    assert affected_days(loaded_wrongly, channel_map) == [
        AffectedDay(date(2025, 6, 5), snapshots=1, moved=48),
        AffectedDay(date(2025, 6, 6), snapshots=2, moved=48),
    ]


def test_days_loaded_again_are_as_if_the_corrected_map_had_been_there_from_the_start(
    loaded_wrongly: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap
) -> None:
    before = readings(loaded_wrongly)
    files = {path: path.read_bytes() for path in incoming.iterdir()}
    for one in affected_days(loaded_wrongly, channel_map):
        report = load_day(loaded_wrongly, ledger, one.day, channel_map, "run-2", everything=True)
        assert report.count(Result.REPLACED) == 2
    assert affected_days(loaded_wrongly, channel_map) == []

    after = readings(loaded_wrongly)
    assert len(after) == len(before) == 6 * 3072
    changed = {row[-1] for row, old in zip(after, before, strict=True) if row != old}
    epoch = channel_map.at(detector.START)
    served = epoch.towers_of("80")
    assert served is not None
    assert changed == set(served[:2].ravel().tolist())
    evening = datetime(2025, 6, 5, 18, tzinfo=UTC)
    truth = detector.truth("80", 0, evening).temperature.astype("float32")
    got = dict(
        loaded_wrongly.rows("select tower_id, temperature from hcal.tower_reading where ts = %s", (evening,))
    )
    assert [got[int(tower)] for tower in served[0]] == pytest.approx(truth.tolist())
    assert {path: path.read_bytes() for path in incoming.iterdir()} == files


def test_new_rows_for_the_future_affect_no_day_of_the_past(
    loaded_wrongly: Database, ledger: Ledger, tmp_path: Path, wrong: ChannelMap
) -> None:
    later = wrong.text + "# cables were looked at, nothing found\n"
    assert affected_days(loaded_wrongly, rewired.written(tmp_path / "later.csv", later)) == []


def test_of_a_map_that_nobody_kept_every_day_counts(
    loaded_wrongly: Database, channel_map: ChannelMap
) -> None:
    with loaded_wrongly.transaction() as cursor:
        cursor.execute("delete from hcal.channel_map_version")
    found = affected_days(loaded_wrongly, channel_map)
    assert [(one.day.isoformat(), one.snapshots, one.moved) for one in found] == [
        (day, 2, None) for day in DAYS
    ]


def test_days_the_new_map_says_nothing_about_are_told_apart(
    loaded_wrongly: Database, wrong: ChannelMap, tmp_path: Path
) -> None:
    text = wrong.text.replace("2023-01-01,2025-06-05T12:00,", "2025-06-05,2025-06-05T12:00,")
    begins_later = rewired.written(tmp_path / "later.csv", text.replace("2023-01-01,", "2025-06-05,"))
    (found,) = affected_days(loaded_wrongly, begins_later)
    assert (found.day, found.snapshots, found.covered) == (date(2025, 6, 4), 2, False)


def test_snapshots_from_before_the_map_are_found_again_by_one_that_covers_them(
    database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap, tmp_path: Path
) -> None:
    text = channel_map.text.replace("2023-01-01,", "2025-06-06,")
    begins_later = rewired.written(tmp_path / "later.csv", text)
    detector.land(incoming, detector.snapshot(0))
    scan(incoming, ledger, CONTROLLERS)
    assert load_day(database, ledger, detector.DAY, begins_later, "run-1").count(Result.QUARANTINED) == 1
    assert now_covered(ledger, begins_later) == []
    (found,) = now_covered(ledger, channel_map)
    ledger.release(found.arrival_id)
    assert load_day(database, ledger, detector.DAY, channel_map, "run-2").count(Result.LOADED) == 1
    assert now_covered(ledger, channel_map) == []


def test_one_day_can_be_asked_for(loaded_wrongly: Database, channel_map: ChannelMap) -> None:
    day = datetime(2025, 6, 5, tzinfo=UTC)
    (found,) = affected_days(loaded_wrongly, channel_map, day, day + timedelta(days=1))
    assert found.day == day.date()


def test_every_map_that_was_in_use_is_kept_once(
    database: Database, channel_map: ChannelMap, wrong: ChannelMap
) -> None:
    for one in (wrong, channel_map, wrong, wrong):
        sync_dimensions(database, one)
    in_use = map_in_use(database)
    assert in_use is not None
    assert in_use.digest == wrong.digest
    kept = database.rows("select digest, content from hcal.channel_map_version")
    assert sorted(kept) == sorted([(one.digest, one.text) for one in (wrong, channel_map)])
