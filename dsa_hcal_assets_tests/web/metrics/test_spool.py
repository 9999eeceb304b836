"""What waits between acquisition and database is in `/metrics`, and is never shown as zero when unknown."""

from datetime import UTC, datetime, timedelta

import pytest

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.hcal.acquisition.board_log import BoardHealth
from dsa_hcal_assets.hcal.acquisition.note import AcquisitionNote, write_note
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.mapping.channel_map import load_channel_map
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.hcal.towers.loading import load_day
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web.app import create_app
from dsa_hcal_assets_tests.hcal.detector import DAY, land, snapshot
from dsa_hcal_assets_tests.web.callers import local

BOARD = BoardHealth("91", "down", datetime(2026, 11, 21, tzinfo=UTC), 3, "no answer")


def note(**values):
    usual = {
        "at": utc_now() - timedelta(minutes=20), "acquisition_id": "a", "period": 600.0, "taken": 9,
        "written": 5, "waiting": 3, "limit": 500, "given_up": 1, "trouble": "no room",
        "boards": {"ok": 15, "down": 1}, "unhealthy": [BOARD],
    }  # fmt: skip
    return AcquisitionNote(**usual | values)


@pytest.fixture
def metrics(database, tmp_path):
    """Read the metrics, by name with labels."""

    def metrics(url=database.url):
        with local(create_app(Settings(state_dir=tmp_path, database_url=url))) as client:
            lines = [line for line in client.get("/metrics").text.splitlines() if line[0] != "#"]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    return metrics


def test_files_are_counted_until_they_are_loaded(database, tmp_path, metrics):
    incoming = tmp_path / "incoming" / "hcal"
    size = sum(path.stat().st_size for path in land(incoming, snapshot(0), snapshot(1)))
    found = metrics()
    assert found['dsa_hcal_spool_files{source="hcal"}'] == 2
    assert found['dsa_hcal_spool_bytes{source="hcal"}'] == size
    assert 0 <= found['dsa_hcal_spool_oldest_seconds{source="hcal"}'] < 600

    ledger = Ledger(database, tmp_path / "quarantine")
    scan(incoming, ledger, CONTROLLERS)
    assert metrics()['dsa_hcal_spool_files{source="hcal"}'] == 2
    load_day(database, ledger, DAY, load_channel_map(), "run-1")
    found = metrics()
    assert found['dsa_hcal_spool_files{source="hcal"}'] == 0
    assert found['dsa_hcal_spool_oldest_seconds{source="hcal"}'] == 0


def test_an_acquisition_is_told_as_its_note_says(tmp_path, metrics):
    (tmp_path / "incoming" / "hcal").mkdir(parents=True)
    write_note(tmp_path / "incoming" / "hcal", note())
    found = metrics()
    assert found['dsa_hcal_acquisition_unsaved_snapshots{source="hcal"}'] == 3
    assert found['dsa_hcal_acquisition_unsaved_limit{source="hcal"}'] == 500
    assert found['dsa_hcal_acquisition_given_up_snapshots{source="hcal"}'] == 1
    assert found['dsa_hcal_acquisition_silent_seconds{source="hcal"}'] >= 1200
    assert found['dsa_hcal_acquisition_boards{source="hcal",status="down"}'] == 1


def test_without_the_database_the_acquisition_is_there_and_what_waits_is_unknown(tmp_path, metrics):
    land(tmp_path / "incoming" / "hcal", snapshot(0))
    write_note(tmp_path / "incoming" / "hcal", note())
    found = metrics("postgresql://user:s3cret@127.0.0.1:9/d")
    assert found["dsa_hcal_database_up"] == 0
    assert found['dsa_hcal_acquisition_unsaved_snapshots{source="hcal"}'] == 3
    assert not [name for name in found if name.startswith("dsa_hcal_spool")]


def test_where_nobody_acquires_there_is_nothing_to_tell(metrics):
    assert not [name for name in metrics() if name.startswith(("dsa_hcal_spool", "dsa_hcal_acquisition"))]
