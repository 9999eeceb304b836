"""Severe anomalies alarm once, many at once as one, and the alarm ends with the trouble."""

from datetime import timedelta

import pytest

from dsa_hcal_assets.alerts import Alert, raise_alert
from dsa_hcal_assets.alerts.record import open_alerts
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.anomalies import detection
from dsa_hcal_assets.hcal.anomalies.telling import tell
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets_tests.hcal.anomalies.conftest import Look
from dsa_hcal_assets_tests.hcal.anomalies.scene import DAY, START, STEP, quiet

NOW = START + 12 * STEP


class Told:
    """Collects what is said, and records it as an installation does."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.alerts: list[Alert] = []

    def __call__(self, alert: Alert) -> None:
        self.alerts.append(alert)
        raise_alert(self.database, alert, [])

    def open(self) -> list[str]:
        return sorted(entry.alert.title for entry in open_alerts(self.database))


@pytest.fixture
def told(database: Database) -> Told:
    return Told(database)


def test_an_error_is_told_with_place_value_and_limit(look: Look, database: Database, told: Told) -> None:
    scene = quiet(12)
    scene.leakage[4:, 100] = 80
    look(scene)
    tell(database, told, NOW)
    [alert] = [one for one in told.alerts if one.details["kind"] == "limit"]
    assert alert.title == "O-02S: leakage outside its limits"
    assert alert.message == "1 since 2025-06-05 00:40 UTC; worst OHCal 100 (O-02S): 80 (limit 50) board units"
    assert alert.partition == DAY


def test_warnings_and_what_is_over_alarm_nobody(look: Look, database: Database, told: Told) -> None:
    scene = quiet(12)
    scene.temperature[4:, 100] = 31.0
    scene.bias[3:6, 7] = 0
    look(scene)
    tell(database, told, NOW)
    assert not [one for one in told.alerts if one.details["kind"] in ("limit", "off")]


def test_it_is_told_once_and_ends_with_the_trouble(
    look: Look, database: Database, told: Told, thresholds: Thresholds
) -> None:
    scene = quiet(12)
    scene.bias[9:, 7] = 0
    look(scene)
    assert tell(database, told, NOW) == (1, 0)
    assert tell(database, told, NOW) == (1, 0)
    assert told.open() == ["O-03S: bias off"]
    with database.transaction() as cursor:
        cursor.execute("update hcal.tower_reading set bias = 65 where ts = %s", (START + 11 * STEP,))
    detection.refresh(database, DAY, thresholds)
    assert tell(database, told, NOW) == (0, 1)
    assert told.open() == []


def test_many_at_once_are_one_trouble_of_the_detector(look: Look, database: Database, told: Told) -> None:
    scene = quiet(12)
    scene.bias[9:, :9] = 0
    scene.bias[9:, 100] = 0
    scene.down = {(cycle, board) for cycle in range(8, 12) for board in ("82", "95")}
    look(scene)
    tell(database, told, NOW)
    assert told.open() == [
        "IHCal: bias off",
        "OHCal: bias off",
        "board 82: replies missing",
        "board 95: replies missing",
    ]
    assert [one.details["count"] for one in told.alerts if one.title == "OHCal: bias off"] == [9]


def test_a_backfill_of_last_year_alarms_nobody(look: Look, database: Database, told: Told) -> None:
    scene = quiet(12)
    scene.bias[9:, 7] = 0
    look(scene)
    assert tell(database, told, NOW + timedelta(days=30)) == (0, 0)
