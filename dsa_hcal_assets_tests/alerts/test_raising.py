"""Raising an alert records what is to be told; only without the database does the caller tell it."""

import threading
from dataclasses import replace

import pytest

from dsa_hcal_assets.alerts import Alert, Severity, raise_alert, raising, record
from dsa_hcal_assets.alerts.channels import log_alert
from dsa_hcal_assets.alerts.history import deliveries
from dsa_hcal_assets.alerts.outlets import Limits
from dsa_hcal_assets.alerts.webhook import WebhookChannel
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets_tests.alerts.receivers import http_receiver

TROUBLE = Alert(
    Severity.ERROR,
    "check",
    "kept_fraction failed",
    "look at the rig",
    source="rig",
    partition="2025-06-05",
    run_id="r1",
    details={"value": 0.3},
    dedup_key="rig/2025-06-05/kept",
)
AWAY = Database("postgresql://u@127.0.0.1:9/d", connect_seconds=2)


@pytest.fixture(autouse=True)
def fresh_limits(monkeypatch):
    monkeypatch.setattr(raising, "_told", raising._Told())


class TestWithTheDatabase:
    def test_an_alert_is_recorded_logged_and_due_but_not_sent_by_the_caller(self, database, caplog):
        with http_receiver() as receiver:
            alert_id = raise_alert(database, TROUBLE, [WebhookChannel(receiver.url)])
        (entry,) = record.open_alerts(database)
        assert (entry.alert_id, entry.alert) == (alert_id, TROUBLE)
        (due,) = deliveries(database, alert_id)
        assert (due.channel, due.kind, due.state) == ("webhook", "raised", "due")
        assert receiver.bodies == []
        assert TROUBLE.title in caplog.text

    def test_trouble_told_again_is_counted_and_silent_until_it_is_over(self, database):
        channel = WebhookChannel("http://127.0.0.1:9/")
        told = [raise_alert(database, TROUBLE, [channel]) for _ in range(3)]
        assert len(set(told)) == 1
        (entry,) = record.open_alerts(database)
        assert entry.times == 3
        assert record.resolve(database, TROUBLE.dedup_key) == 1
        assert record.open_alerts(database) == []
        assert raise_alert(database, TROUBLE, [channel]) not in told

    def test_alerts_without_a_key_all_count(self, database):
        alert = replace(TROUBLE, dedup_key="")
        assert len({raise_alert(database, alert, []) for _ in range(3)}) == 3

    def test_many_who_notice_at_once_make_one_alert(self, database):
        ids: list[int | None] = []
        threads = [
            threading.Thread(target=lambda: ids.append(raise_alert(database, TROUBLE, []))) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(ids) == 8
        assert len(set(ids)) == 1
        assert database.rows("select times from platform.alert") == [(8,)]

    @pytest.mark.parametrize("text", ["'; drop table platform.alert; --", "%s", "√ \u202e", "a\nb"])
    def test_texts_are_stored_literally(self, database, text):
        raise_alert(database, replace(TROUBLE, title=text, dedup_key=text), [])
        assert record.open_alerts(database)[0].alert.title == text


class TestWithoutTheDatabase:
    def test_people_are_told_all_the_same_and_the_log_has_it(self, caplog):
        with http_receiver() as receiver:
            assert raise_alert(AWAY, TROUBLE, [WebhookChannel(receiver.url)]) is None
        (body,) = receiver.taken
        assert (body["title"], body["id"]) == (TROUBLE.title, None)
        assert "could not be recorded" in caplog.text

    def test_a_trouble_told_again_is_told_once(self):
        with http_receiver() as receiver:
            for _ in range(3):
                raising.tell_unrecorded(TROUBLE, [WebhookChannel(receiver.url)])
        assert len(receiver.taken) == 1

    def test_the_limits_hold_in_each_process(self, monkeypatch):
        monkeypatch.setattr(raising, "_told", raising._Told(Limits(2, 300)))
        with http_receiver() as receiver:
            for number in range(5):
                for severity in (Severity.ERROR, Severity.CRITICAL):
                    alert = Alert(severity, "run", f"run {number} failed")
                    raising.tell_unrecorded(alert, [WebhookChannel(receiver.url)])
        assert [body["severity"] for body in receiver.taken] == ["error", "critical"] * 2

    def test_a_channel_that_fails_does_not_keep_the_next_from_delivering(self, caplog):
        class Broken:
            name = "broken"

            def deliver(self, notice):
                raise ZeroDivisionError("secret in the text")

        with http_receiver() as receiver:
            raising.tell_unrecorded(TROUBLE, [Broken(), WebhookChannel(receiver.url)])
        assert len(receiver.taken) == 1
        assert "ZeroDivisionError" in caplog.text
        assert "secret in the text" not in caplog.text


def test_the_log_has_the_severitys_level_and_one_line(caplog):
    with caplog.at_level("DEBUG"):
        log_alert(replace(TROUBLE, severity=Severity.CRITICAL, title="a\nFAKE LINE"))
    (line,) = caplog.records
    assert line.levelname == "CRITICAL"
    assert line.getMessage() == r"[check] a\nFAKE LINE: look at the rig (rig 2025-06-05)"
