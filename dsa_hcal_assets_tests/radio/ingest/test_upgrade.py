"""A database with groups from before: their header facts become columns, and each is counted once more."""

import shutil
from datetime import UTC, datetime

import pytest
from psycopg2.extras import Json

from dsa_hcal_assets.database import migrations
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.ledger.ledger import Ledger
from dsa_hcal_assets.radio.ingest.completeness import refresh_changed
from dsa_hcal_assets_tests.conftest import administer
from dsa_hcal_assets_tests.radio.ingest.test_quality import header

KEY = "2025-06-05T12:00:00"
NOW = datetime(2025, 6, 5, 13, tzinfo=UTC)


@pytest.fixture
def older(server, tmp_path):
    """A database as it was before 0041, and the directory of the migrations it had."""
    administer(server, "create database before_0041")
    had = tmp_path / "sql"
    had.mkdir()
    for path in migrations.SQL_DIR.glob("*.sql"):
        if path.name < "0041":
            shutil.copy(path, had)
    database = Database(server.url("before_0041"))
    migrations.apply(database, directory=had)
    yield database
    database.close()
    administer(server, "drop database before_0041")


def test_groups_of_an_older_platform_get_their_new_columns(older, tmp_path):
    with older.transaction() as cursor:
        cursor.execute(
            "insert into radio.observation_group"
            " (group_key, profile, telescope, expected, found, state, content, first_sample,"
            " first_seen, last_seen, completed_at)"
            " values (%s, 'dsa110', 'DSA-110', 2, 2, 'complete', 'x', %s, %s, %s, %s)",
            (KEY, NOW, NOW, NOW, NOW),
        )
        cursor.execute(
            "insert into radio.subband (group_key, subband, digest, name, header, seen_at)"
            " values (%s, 0, 'd0', 'n', %s, %s)",
            (KEY, Json(header(0).as_json()), NOW),
        )
        cursor.execute(
            "insert into platform.arrival"
            " (source, name, subject, partition, digest, bytes, state, incoming_path)"
            " values ('uvh5', 'n', %s, %s, 'd0', 1, 'pending', '/n')",
            (f"{KEY}/sb00", KEY),
        )
    migrations.apply(older)
    assert older.rows("select first_mjd, channels, phase_kind, bytes from radio.subband") == [
        (header(0).first_jd - 2400000.5, 8, "drift", 1)
    ]
    (group,) = refresh_changed(older, Ledger(older, tmp_path), NOW)
    assert (group.key, group.state, group.found, group.missing) == (KEY, "collecting", 1, [1])
