"""An alert of an acquisition job is one of the platform's, and ends when the job says so."""

import pytest

from dsa_hcal_assets.alerts import record
from dsa_hcal_assets.daq.shipped.alert_message import AlertMessage
from dsa_hcal_assets.daq.shipped.alerts import alert_channel
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


def test_an_end_that_cannot_be_entered_is_kept_until_it_can_be(platform):
    acquisition_alerts.tell_platform(HOT)
    with platform.transaction() as cursor:
        cursor.execute("alter table platform.alert rename to elsewhere")
    acquisition_alerts.tell_platform(OVER)
    with platform.transaction() as cursor:
        cursor.execute("alter table platform.elsewhere rename to alert")
    assert len(record.open_alerts(platform)) == 1

    acquisition_alerts.tell_platform(AlertMessage("info", "another"))
    assert [entry.alert.title for entry in record.open_alerts(platform)] == ["another"]


def test_an_end_that_can_neither_be_entered_nor_kept_is_an_error_of_the_platform(platform, tmp_path):
    (tmp_path / "alerts").write_text("in the way of the directory")
    with platform.transaction() as cursor:
        cursor.execute("alter table platform.alert rename to elsewhere")
    with pytest.raises(acquisition_alerts.EndNotKept, match="hall/watch/warm"):
        acquisition_alerts.tell_platform(OVER)
