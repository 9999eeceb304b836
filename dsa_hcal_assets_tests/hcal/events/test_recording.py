"""One event handed in by a person or a program: recorded at once, or safe on the disk until it can be."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import InputConflict
from dsa_hcal_assets.hcal.events import loading
from dsa_hcal_assets.hcal.events.event import ControlEvent, Kind
from dsa_hcal_assets.hcal.events.recording import Standing, record
from dsa_hcal_assets.hcal.events.runs import RunEndsBeforeItStarts
from dsa_hcal_assets.hcal.snapshots.ingest import SnapshotTimeImpossible
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets_tests.hcal.events.told import event

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


def test_an_event_is_recorded_once_however_often_it_is_handed_in(
    database: Database, ledger: Ledger, incoming: Path
) -> None:
    first = record(event("led_on"), incoming, database, ledger)
    again = record(event("led_on"), incoming, database, ledger)
    assert (first.standing, again.standing) == (Standing.RECORDED, Standing.KNOWN)
    assert database.rows("select event_id from hcal.event") == [(first.event_id,)] == [(again.event_id,)]
    assert loading.scan(incoming, ledger).accepted == []


def test_without_a_database_it_waits_on_the_disk_and_is_recorded_later(
    database: Database, ledger: Ledger, incoming: Path, tmp_path: Path
) -> None:
    away = Database(NOWHERE)
    waiting = record(event("led_on"), incoming, away, Ledger(away, tmp_path / "quarantine"))
    assert (waiting.standing, waiting.event_id) == (Standing.WAITING, None)
    loading.scan(incoming, ledger)
    assert loading.load(database, ledger, "run-1").recorded == 1


def test_a_contradiction_is_told_to_who_handed_it_in(
    database: Database, ledger: Ledger, incoming: Path
) -> None:
    record(event("gain_changed", value={"gain": "high"}), incoming, database, ledger)
    with pytest.raises(InputConflict, match="gain_changed contradicts what is recorded"):
        record(event("gain_changed", value={"gain": "normal"}), incoming, database, ledger)
    record(event("run_started", 5, run_number=7), incoming, database, ledger)
    with pytest.raises(RunEndsBeforeItStarts):
        record(event("run_ended", 4, run_number=7), incoming, database, ledger)
    with pytest.raises(InputConflict, match="run 7 ends before it starts"):
        record(event("run_ended", 4, run_number=7), incoming, database, ledger)
    assert ledger.balance()["events"].quarantined == 2


@pytest.mark.parametrize("at", [datetime(2022, 12, 31, tzinfo=UTC), utc_now() + timedelta(days=1)])
def test_an_impossible_time_leaves_nothing_behind(
    database: Database, ledger: Ledger, incoming: Path, at: datetime
) -> None:
    with pytest.raises(SnapshotTimeImpossible):
        record(ControlEvent(at=at, kind=Kind.POWER_CUT, source="test"), incoming, database, ledger)
    assert not incoming.exists()
