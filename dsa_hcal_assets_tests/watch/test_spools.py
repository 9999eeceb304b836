"""Trouble between acquisition and database is told while it lasts, once, and closed when it is over."""

import os
from datetime import timedelta

import pytest

from dsa_hcal_assets.alerts import Alert, Severity
from dsa_hcal_assets.alerts.record import open_alerts
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.hcal.acquisition.note import AcquisitionNote, remove_note, write_note
from dsa_hcal_assets.watch import follow
from dsa_hcal_assets.watch.spools import spools_beyond_limits
from dsa_hcal_assets_tests.hcal.detector import land, snapshot


@pytest.fixture
def incoming(installation):
    place = installation.settings.incoming / "hcal"
    place.mkdir(parents=True)
    return place


def note(incoming, *, silent=timedelta(0), **values):
    usual = {
        "acquisition_id": "a", "period": 600.0, "taken": 9, "written": 9, "waiting": 0, "limit": 500,
        "given_up": 0, "trouble": None, "boards": {"ok": 16}, "unhealthy": [],
    }  # fmt: skip
    write_note(incoming, AcquisitionNote(at=utc_now() - silent, **usual | values))


def look(installation):
    found = spools_beyond_limits(
        installation.settings.incoming,
        installation.database,
        installation.ledger,
        installation.thresholds,
        utc_now(),
    )
    follow(installation.database, installation.tell, "spool", found)
    return found


def told(installation):
    """What is wrong: by metric, how bad."""
    found = look(installation)
    assert {one.source for one in found} <= {"hcal"}
    return {one.name.removeprefix("hcal:"): one.severity.value for one in found}


def told_keys(installation):
    look(installation)
    return {entry.alert.dedup_key for entry in open_alerts(installation.database)}


def test_nothing_is_told_while_all_is_well(installation, incoming):
    land(incoming, snapshot(0))
    note(incoming)
    assert told(installation) == {}


def test_a_directory_without_acquisition_is_no_trouble(installation, incoming):
    land(incoming, snapshot(0))
    assert told(installation) == {}


@pytest.mark.parametrize(("hours", "severity"), [(0.1, None), (1, "warning"), (6, "error")])
def test_files_that_wait_too_long(installation, incoming, hours, severity):
    (path,) = land(incoming, snapshot(0))
    landed = (utc_now() - timedelta(hours=hours)).timestamp()
    os.utime(path, (landed, landed))
    assert told(installation) == ({"oldest_minutes": severity} if severity else {})


@pytest.mark.parametrize(
    ("said", "metric", "severity"),
    [
        ({"silent": timedelta(minutes=25)}, None, None),
        ({"silent": timedelta(minutes=45)}, "silent_cycles", "warning"),
        ({"silent": timedelta(hours=3)}, "silent_cycles", "error"),
        ({"silent": timedelta(hours=3), "period": None}, None, None),
        ({"silent": timedelta(minutes=2), "period": 2.0}, None, None),
        ({"silent": timedelta(minutes=5), "period": 2.0}, "silent_cycles", "warning"),
        ({"waiting": 1}, "unsaved", "warning"),
        ({"waiting": 250}, "unsaved", "error"),
        ({"given_up": 1}, "given_up", "error"),
    ],
)
def test_what_an_acquisition_says_of_itself(installation, incoming, said, metric, severity):
    note(incoming, **said)
    assert told(installation) == ({metric: severity} if metric else {})


def test_a_trouble_is_told_once_grows_and_ends(installation, incoming):
    count = "select count(*) from platform.alert"
    note(incoming, waiting=1)
    assert told(installation) == told(installation) == {"unsaved": "warning"}
    assert installation.database.rows(count) == [(1,)]
    note(incoming, waiting=200, trouble="no room on the disk")
    assert told(installation) == {"unsaved": "error"}
    (worse,) = open_alerts(installation.database)
    assert "no room on the disk" in worse.alert.message
    note(incoming)
    assert told(installation) == {}
    assert open_alerts(installation.database) == []
    note(incoming, waiting=1)
    assert told(installation) == {"unsaved": "warning"}
    assert installation.database.rows(count) == [(3,)]


def test_an_acquisition_that_ended_in_order_is_not_missed(installation, incoming):
    note(incoming, silent=timedelta(hours=3))
    assert told(installation) == {"silent_cycles": "error"}
    remove_note(incoming)
    land(incoming, snapshot(0))
    assert told(installation) == {}


def test_the_alarms_of_a_source_that_is_gone_are_closed(installation, incoming):
    note(incoming, waiting=1)
    other = Alert(Severity.ERROR, "run", "a run failed", dedup_key="run:1")
    installation.tell(other)
    assert told_keys(installation) == {"spool:hcal:unsaved", "run:1"}
    remove_note(incoming)
    assert told_keys(installation) == {"run:1"}


def test_limits_are_those_of_the_operator(installation, incoming, monkeypatch):
    monkeypatch.setenv("DSA_HCAL_THRESHOLD__HCAL_SPOOL__UNSAVED__WARN_ABOVE", "5")
    note(incoming, waiting=3)
    assert told(installation) == {}
