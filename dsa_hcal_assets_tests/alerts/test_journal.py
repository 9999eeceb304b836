"""What is noticed while the database is away is on record once it is back, in order and once."""

import threading
from dataclasses import replace

import pytest

from dsa_hcal_assets.alerts import Severity, raise_alert, raising, record
from dsa_hcal_assets.alerts.history import deliveries
from dsa_hcal_assets.alerts.journal import Journal
from dsa_hcal_assets.alerts.webhook import WebhookChannel
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets_tests.alerts.receivers import http_receiver
from dsa_hcal_assets_tests.alerts.test_raising import AWAY, TROUBLE


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "alerts" / "unrecorded.jsonl")


@pytest.fixture(autouse=True)
def fresh_limits(monkeypatch):
    monkeypatch.setattr(raising, "_told", raising._Told())


def titles(database) -> list[str]:
    return [title for (title,) in database.rows("select title from platform.alert order by id")]


def test_the_next_alert_that_is_recorded_brings_the_others(database, journal):
    for number in range(3):
        alert = replace(TROUBLE, title=f"hot {number}", dedup_key=f"{number}")
        assert raise_alert(AWAY, alert, [], journal) is None
    raise_alert(database, replace(TROUBLE, title="cold", dedup_key="cold"), [], journal)
    assert titles(database) == ["hot 0", "hot 1", "hot 2", "cold"]
    assert record.open_alerts(database)[0].alert.details == TROUBLE.details
    assert journal.enter(database) == 0


def test_whom_it_was_told_is_known_and_to_whom_it_is_due(database, journal):
    gone = WebhookChannel("http://127.0.0.1:9/", attempts=1)
    gone.name = "gone"
    with http_receiver() as receiver:
        raise_alert(AWAY, TROUBLE, [WebhookChannel(receiver.url), gone], journal)
    journal.enter(database)
    (entry,) = record.open_alerts(database)
    assert entry.alert == TROUBLE
    assert {one.channel: one.state for one in deliveries(database, entry.alert_id)} == {
        "webhook": "sent",
        "gone": "due",
    }


def test_ends_are_kept_in_order(database, journal):
    raise_alert(AWAY, TROUBLE, [], journal)
    raising.end_alert(AWAY, TROUBLE.dedup_key, journal)
    raise_alert(AWAY, replace(TROUBLE, severity=Severity.WARNING, raised_at=utc_now()), [], journal)
    journal.enter(database)
    (entry,) = record.open_alerts(database)
    assert entry.alert.severity is Severity.WARNING
    assert titles(database) == [TROUBLE.title] * 2


def test_what_is_kept_waits_while_the_database_is_away(database, journal):
    raise_alert(AWAY, TROUBLE, [], journal)
    raise_alert(AWAY, replace(TROUBLE, title="more", dedup_key="more"), [], journal)
    journal.enter(database)
    assert titles(database) == [TROUBLE.title, "more"]


def test_entering_again_after_a_kill_enters_nothing_twice(database, journal, tmp_path):
    journal.keep(replace(TROUBLE, dedup_key=""), due=["mail"], told=[])
    file = tmp_path / "alerts" / "unrecorded.jsonl"
    kept = file.read_bytes()
    journal.enter(database)
    file.write_bytes(kept)
    journal.enter(database)
    assert titles(database) == [TROUBLE.title]


def test_a_line_that_a_kill_cut_short_costs_only_itself(database, journal, tmp_path, caplog):
    journal.keep(TROUBLE, due=[], told=[])
    file = tmp_path / "alerts" / "unrecorded.jsonl"
    file.write_bytes(file.read_bytes() + b'{"alert": {"sever')
    journal.keep(replace(TROUBLE, title="next", dedup_key="next"), due=[], told=[])
    journal.enter(database)
    assert titles(database) == [TROUBLE.title, "next"]
    assert "cut short" in caplog.text


def test_of_many_that_enter_at_once_one_does(database, journal):
    for number in range(20):
        journal.keep(replace(TROUBLE, title=f"{number}", dedup_key=""), due=[], told=[])
    threads = [threading.Thread(target=journal.enter, args=(database,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert titles(database) == [f"{number}" for number in range(20)]


def test_what_cannot_be_entered_keeps_nothing_new_from_being_recorded(database, journal, tmp_path):
    (tmp_path / "alerts" / "unrecorded.jsonl").mkdir(parents=True)
    raise_alert(database, TROUBLE, [], journal)
    assert titles(database) == [TROUBLE.title]
