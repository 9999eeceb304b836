"""An alert of an acquisition job is one of the platform's, and ends when the job says so."""

import pytest

from dsa_hcal_assets.alerts import record
from dsa_hcal_assets.daq.shipped.alert_message import AlertMessage
from dsa_hcal_assets.daq.shipped.alerts import alert_channel
from dsa_hcal_assets.errors import DatabaseUnavailable
from dsa_hcal_assets.services import acquisition_alerts

HOT = AlertMessage("error", "too warm", source="hall/watch", dedup_key="hall/watch/warm", details={"n": 5})
OVER = AlertMessage("info", "hall is fine", dedup_key="hall/watch/warm", recovered=True)


@pytest.fixture
def platform(database, monkeypatch, tmp_path):
    monkeypatch.setenv("DSA_HCAL_DATABASE_URL", database.url)
    monkeypatch.setenv("DSA_HCAL_STATE_DIR", str(tmp_path))
    acquisition_alerts._installation.cache_clear()
    yield database
    acquisition_alerts._installation().database.close()
    acquisition_alerts._installation.cache_clear()


def test_the_channel_is_found_by_its_name(platform):
    assert alert_channel("platform") is acquisition_alerts.tell_platform


def test_an_alert_is_on_record_once_until_it_is_over(platform):
    acquisition_alerts.tell_platform(HOT)
    acquisition_alerts.tell_platform(HOT)

    (entry,) = record.open_alerts(platform)
    assert (entry.alert.title, entry.alert.source, entry.alert.details) == (
        "too warm",
        "hall/watch",
        {"n": 5},
    )
    assert entry.alert.raised_at == HOT.raised_at
    acquisition_alerts.tell_platform(OVER)
    assert record.open_alerts(platform) == []


def test_an_end_that_cannot_be_entered_is_an_error_of_the_platform(platform):
    platform.rows("select 1")
    with platform.transaction() as cursor:
        cursor.execute("alter table platform.alert rename to elsewhere")

    with pytest.raises(DatabaseUnavailable, match="hall/watch/warm"):
        acquisition_alerts.tell_platform(OVER)
