"""`dsa-hcal hcal backfill`: what an outage left behind is loaded and rolled up by one command."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from dsa_hcal_assets.cli.hcal_backfill import backfill
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets_tests.hcal import detector
from dsa_hcal_assets_tests.hcal.detector import DAY

ROLLED_UP = "select distinct bucket::date::text from hcal.half_sector_day order by 1"


@pytest.fixture
def backlog(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """An installation with three files of two days that nobody has looked at, and one that is damaged."""
    monkeypatch.setenv("DSA_HCAL_DATABASE_URL", database.url)
    monkeypatch.setenv("DSA_HCAL_STATE_DIR", str(tmp_path))
    incoming = tmp_path / "incoming" / "hcal"
    detector.land(incoming, *map(detector.snapshot, (0, 1, 144)))
    (incoming / "hcal_20250605T003000.000000Z.snap").write_bytes(b"nonsense")
    return database


def call(*arguments: str) -> list[str]:
    result = CliRunner().invoke(backfill, arguments)
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def test_everything_is_loaded_and_rolled_up_day_by_day(backlog: Database) -> None:
    scanned, first, second = call()
    assert scanned == "3 new, 0 known, 1 quarantined, 0 left"
    assert first.startswith(f"{DAY}: 2 loaded; 6144 rows")
    assert second.startswith("2025-06-06: 1 loaded; 3072 rows")
    assert backlog.rows(ROLLED_UP) == [(DAY,), ("2025-06-06",)]


def test_again_there_is_nothing_to_do(backlog: Database) -> None:
    call()
    assert call() == ["0 new, 0 known, 0 quarantined, 0 left"]


def test_rollups_can_be_left_to_the_platform(backlog: Database) -> None:
    call("--no-rollups")
    assert backlog.rows(ROLLED_UP) == []
    assert backlog.rows("select count(*) from hcal.tower_reading") == [(3 * 3072,)]
