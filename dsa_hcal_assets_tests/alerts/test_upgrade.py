"""Alerts of an earlier version keep how they were told."""

import json
import shutil

import pytest

from dsa_hcal_assets.alerts.history import deliveries
from dsa_hcal_assets.database import migrations
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets_tests.conftest import administer

NEW = "0088_platform_alert_delivery"


@pytest.fixture
def before(server, tmp_path):
    """A database of the version before, and the directory of its migrations."""
    for file in migrations.SQL_DIR.glob("0004*.sql"):
        shutil.copy(file, tmp_path)
    administer(server, "create database alerts_before")
    database = Database(server.url("alerts_before"))
    migrations.apply(database, directory=tmp_path)
    yield database, tmp_path
    database.close()
    administer(server, "drop database alerts_before with (force)")


def test_deliveries_that_were_noted_with_the_alert_move_to_their_table(before):
    database, directory = before
    at = "2026-01-02T12:00:00+00:00"
    delivered = {
        "log": {"ok": True, "at": at, "error": None},
        "webhook": {"ok": False, "at": at, "error": "HTTP 404"},
    }
    with database.transaction() as cursor:
        cursor.execute(
            "insert into platform.alert (severity, category, title, delivered) "
            "values ('error', 'run', 'x', %s)",
            (json.dumps(delivered),),
        )
    shutil.copy(migrations.SQL_DIR / f"{NEW}.sql", directory)
    assert migrations.apply(database, directory=directory) == [NEW]
    (webhook,) = deliveries(database, 1)
    assert (webhook.channel, webhook.state, webhook.error) == ("webhook", "refused", "HTTP 404")
    assert f"{webhook.done_at:%Y-%m-%d %H}" == "2026-01-02 12"
