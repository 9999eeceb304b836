"""What waits between acquisition and database is counted, whoever else looks at the files meanwhile."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets.hcal.snapshots import spool
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.hcal.snapshots.spool import Spool, Waiting
from dsa_hcal_assets.hcal.towers.loading import load_day
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets_tests.hcal.detector import DAY, land, snapshot

LANDED = datetime(2026, 11, 21, 12, tzinfo=UTC)


def waiting(incoming: Path, database: Database, ledger: Ledger, now: datetime) -> Waiting:
    return Spool(incoming, database, ledger).waiting(now)


@pytest.fixture
def paths(incoming: Path) -> list[Path]:
    """Three files that landed at noon, one minute after the other."""
    paths = land(incoming, snapshot(0), snapshot(1), snapshot(2))
    for number, path in enumerate(paths):
        moment = (LANDED + timedelta(minutes=number)).timestamp()
        os.utime(path, (moment, moment))
    return paths


def test_files_that_nobody_looked_at_wait_since_they_landed(
    database: Database, ledger: Ledger, incoming: Path, paths: list[Path]
) -> None:
    found = waiting(incoming, database, ledger, LANDED + timedelta(hours=6))
    assert (found.files, found.oldest_seconds) == (3, 6 * 3600)
    assert found.size == sum(path.stat().st_size for path in paths)


def test_files_that_were_accepted_wait_until_they_are_loaded(
    database: Database, ledger: Ledger, incoming: Path, paths: list[Path], channel_map: ChannelMap
) -> None:
    scan(incoming, ledger, CONTROLLERS, limit=2)
    now = database.rows("select clock_timestamp()")[0][0]
    found = waiting(incoming, database, ledger, max(now, LANDED) + timedelta(hours=1))
    assert found.files == 3
    assert found.oldest_seconds > 3590
    assert found.size == sum(path.stat().st_size for path in paths)

    load_day(database, ledger, DAY, channel_map, "run-1")
    assert waiting(incoming, database, ledger, LANDED + timedelta(minutes=2)).files == 1
    scan(incoming, ledger, CONTROLLERS)
    load_day(database, ledger, DAY, channel_map, "run-1")
    nothing = waiting(incoming, database, ledger, LANDED)
    assert (nothing.files, nothing.size, nothing.oldest_seconds) == (0, 0, 0)


def test_a_file_in_quarantine_waits_for_nobody(
    database: Database, ledger: Ledger, incoming: Path, paths: list[Path]
) -> None:
    paths[0].write_bytes(b"nonsense")
    scan(incoming, ledger, CONTROLLERS, limit=1)
    assert waiting(incoming, database, ledger, LANDED).files == 2


def test_known_files_are_not_asked_about_again_until_the_directory_changes(
    database: Database, ledger: Ledger, incoming: Path, paths: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    unknown = ledger.unknown
    monkeypatch.setattr(ledger, "unknown", lambda *args: asked.append(1) or unknown(*args))
    watched = Spool(incoming, database, ledger)
    assert watched.waiting(LANDED).files == 3
    scan(incoming, ledger, CONTROLLERS)
    asked.clear()
    minute_ago = time.time() - 60
    os.utime(incoming, (minute_ago, minute_ago))
    assert [watched.waiting(LANDED).files for _ in range(3)] == [3, 3, 3]
    assert len(asked) == 1

    land(incoming, snapshot(3))
    assert watched.waiting(LANDED).files == 4
    land(incoming, snapshot(4))
    assert watched.waiting(LANDED).files == 5


def test_sources_are_the_directories_with_snapshots_or_an_acquisition(tmp_path: Path) -> None:
    for name in ("emcal", "events", "hcal", "supplies"):
        (tmp_path / name).mkdir()
    (tmp_path / "hcal" / "a.snap").touch()
    (tmp_path / "supplies" / spool.NOTE).touch()
    (tmp_path / "events" / "b.json").touch()
    (tmp_path / "emcal" / ".c.snap").touch()
    (tmp_path / "d.snap").touch()
    assert [directory.name for directory in spool.sources(tmp_path)] == ["hcal", "supplies"]
    assert list(spool.sources(tmp_path / "nowhere")) == []
