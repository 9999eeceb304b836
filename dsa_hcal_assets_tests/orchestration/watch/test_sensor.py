"""The sensor asks every question, tells the answers, closes what is over; no fault stops other questions."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from dsa_hcal_assets.alerts.record import open_alerts
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.hcal.acquisition.note import AcquisitionNote, remove_note, write_note
from dsa_hcal_assets.orchestration.watch import watch
from dsa_hcal_assets.orchestration.watch.sensor import look, sum_up_nights
from dsa_hcal_assets.watch import nights
from dsa_hcal_assets_tests.radio.landed import Site

MORNING = datetime(2025, 6, 5, 11, tzinfo=UTC)


@pytest.fixture
def tick(installation, instance):
    def tick():
        context = dg.build_sensor_context(instance=instance, resources={"installation": installation})
        return watch(context).skip_message

    return tick


@pytest.fixture
def incoming(installation):
    """A directory whose acquisition cannot write."""
    place = installation.settings.incoming / "hcal"
    place.mkdir(parents=True)
    note = AcquisitionNote(
        at=utc_now(), acquisition_id="a", period=600.0, taken=9, written=9, waiting=300, limit=500,
        given_up=0, trouble="no room on the disk", boards={"ok": 16}, unhealthy=[],
    )  # fmt: skip
    write_note(place, note)
    return place


def titles(installation):
    return [entry.alert.title for entry in open_alerts(installation.database)]


def test_nothing_is_wrong_with_an_empty_platform(tick, installation):
    assert tick() == "nothing is wrong"
    assert titles(installation) == []


def test_what_is_wrong_is_said_by_the_tick_and_told_until_it_is_over(tick, installation, incoming):
    assert tick().startswith("hcal: unsaved is 300")
    assert len(titles(installation)) == 1
    remove_note(incoming)
    assert tick() == "nothing is wrong"
    assert titles(installation) == []


def test_a_question_that_cannot_be_asked_is_an_error_after_all_others_were(installation, instance, incoming):
    with installation.database.transaction() as cursor:
        cursor.execute("alter table hcal.supply_unit_reading rename to elsewhere")
    with pytest.raises(ExceptionGroup, match="1 conditions could not be looked at") as raised:
        look(installation, instance, utc_now())
    assert raised.value.exceptions[0].__notes__ == ["looking at 'devices'"]
    assert len(titles(installation)) == 1


def test_a_night_is_told_and_stored_when_it_is_over(installation, tmp_path):
    site = Site(tmp_path, installation.database)
    key = site.land(1, now=MORNING)
    site.load(key)
    site.make(key, "uvh5_group")
    site.make(key, "radio_qa_report")
    for _ in range(2):
        sum_up_nights(installation, MORNING + timedelta(hours=3))
    rows = installation.database.rows("select severity, category, title from platform.alert")
    assert rows == [("info", "summary", "night of 2025-06-04: 1 of 1 groups completed")]
    assert titles(installation) == []
    assert nights.summary(installation.database, date(2025, 6, 4)).completed == 1


def test_nights_of_a_backfill_are_stored_and_not_told(installation, tmp_path):
    Site(tmp_path, installation.database).land(1, range(3))
    sum_up_nights(installation, utc_now() + timedelta(hours=2))
    assert nights.summary(installation.database, date(2025, 6, 4)).collecting == 1
    assert installation.database.rows("select from platform.alert") == []
