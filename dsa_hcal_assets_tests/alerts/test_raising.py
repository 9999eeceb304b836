"""An alert is recorded, delivered, and never in the way; a webhook's address stays secret."""

import asyncio
import json
import logging
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dsa_hcal_assets.alerts import Alert, Severity, raise_alert, record
from dsa_hcal_assets.alerts.channels import DeliveryFailed, LogChannel, WebhookChannel, channels
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import ConfigurationError

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


class Sink:
    """A real HTTP receiver that answers with a list of statuses, the last one for ever."""

    def __init__(self, *statuses: int, pause: float = 0.0):
        self.bodies: list[dict] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                sink.bodies.append(json.loads(body))
                time.sleep(pause)
                self.send_response(statuses[min(len(sink.bodies), len(statuses)) - 1])
                self.send_header("content-length", "0")
                self.send_header("location", "http://127.0.0.1:9/elsewhere")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook/s3cret-token"


@contextmanager
def sink(*statuses: int, pause: float = 0.0):
    one = Sink(*statuses, pause=pause)
    thread = threading.Thread(target=one.server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield one
    finally:
        one.server.shutdown()
        one.server.server_close()
        thread.join()


def hook(url: str, **options) -> WebhookChannel:
    return WebhookChannel(url, **{"try_seconds": 2.0, "total_seconds": 6.0} | options)


class TestRecord:
    def test_everything_is_recorded_and_delivered_as_json(self, database):
        with sink(200) as receiver:
            alert_id = raise_alert(database, TROUBLE, [LogChannel(), hook(receiver.url)])
        (entry,) = record.open_alerts(database)
        assert (entry.alert_id, entry.alert) == (alert_id, TROUBLE)
        assert {name: result["ok"] for name, result in entry.delivered.items()} == {
            "log": True,
            "webhook": True,
        }
        assert receiver.bodies == [json.loads(json.dumps(TROUBLE.as_json()))]
        assert receiver.bodies[0]["severity"] == "error"

    def test_trouble_told_again_is_silent_until_it_is_over(self, database):
        with sink(200) as receiver:
            told = [raise_alert(database, TROUBLE, [hook(receiver.url)]) for _ in range(3)]
            assert len(set(told)) == 1
            assert record.resolve(database, TROUBLE.dedup_key) == 1
            assert record.open_alerts(database) == []
            again = raise_alert(database, TROUBLE, [hook(receiver.url)])
        assert again not in told
        assert len(receiver.bodies) == 2

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

    def test_somebody_takes_note_once(self, database):
        alert_id = raise_alert(database, TROUBLE, [])
        assert record.acknowledge(database, alert_id, "ann")
        assert not record.acknowledge(database, alert_id, "bob")
        assert database.rows("select acknowledged_by from platform.alert") == [("ann",)]

    @pytest.mark.parametrize("text", ["'; drop table platform.alert; --", "%s", "√ \u202e", "a\nb"])
    def test_texts_are_stored_literally(self, database, text):
        raise_alert(database, replace(TROUBLE, title=text, dedup_key=text), [])
        assert record.open_alerts(database)[0].alert.title == text


class TestFailure:
    @pytest.mark.parametrize(("status", "tries"), [(400, 1), (404, 1), (302, 1), (500, 3), (429, 3)])
    def test_a_refusal_is_recorded_and_only_what_may_pass_is_tried_again(self, database, status, tries):
        with sink(status) as receiver:
            raise_alert(database, TROUBLE, [hook(receiver.url)])
        (entry,) = record.open_alerts(database)
        assert not entry.delivered["webhook"]["ok"]
        assert f"HTTP {status}" in entry.delivered["webhook"]["error"]
        assert len(receiver.bodies) == tries

    def test_a_receiver_that_recovers_gets_the_alert(self, database):
        with sink(503, 503, 200) as receiver:
            raise_alert(database, TROUBLE, [hook(receiver.url)])
        assert record.open_alerts(database)[0].delivered["webhook"]["ok"]

    def test_a_receiver_that_does_not_answer_costs_a_bounded_time(self, database):
        with sink(200, pause=8.0) as receiver:
            started = time.monotonic()
            raise_alert(database, TROUBLE, [hook(receiver.url, try_seconds=0.3, total_seconds=1.0)])
            assert time.monotonic() - started < 7
        assert "TimeoutError" in record.open_alerts(database)[0].delivered["webhook"]["error"]

    def test_one_channel_that_fails_does_not_keep_the_next_from_delivering(self, database):
        class Broken(LogChannel):
            name = "broken"

            def deliver(self, alert):
                raise ZeroDivisionError("secret in the text")

        raise_alert(database, TROUBLE, [Broken(), LogChannel()])
        delivered = record.open_alerts(database)[0].delivered
        assert delivered["log"]["ok"]
        assert delivered["broken"]["error"] == "ZeroDivisionError"

    def test_without_the_database_people_are_told_all_the_same(self, caplog):
        with sink(200) as receiver:
            assert raise_alert(AWAY, TROUBLE, [hook(receiver.url)]) is None
        assert len(receiver.bodies) == 1
        assert "could not be recorded" in caplog.text


class TestChannels:
    def test_a_channel_gets_what_is_severe_enough(self, database):
        with sink(200) as receiver:
            for severity in Severity:
                alert = replace(TROUBLE, severity=severity, dedup_key="")
                raise_alert(database, alert, [hook(receiver.url, minimum=Severity.ERROR)])
        assert [body["severity"] for body in receiver.bodies] == ["error", "critical"]

    def test_the_log_has_the_severitys_level_and_one_line(self, caplog):
        with caplog.at_level(logging.DEBUG):
            LogChannel().deliver(replace(TROUBLE, severity=Severity.CRITICAL, title="a\nFAKE LINE"))
        (line,) = caplog.records
        assert line.levelno == logging.CRITICAL
        assert line.getMessage() == r"[check] a\nFAKE LINE: look at the rig (rig 2025-06-05)"

    def test_it_works_inside_an_event_loop(self, database):
        async def caller(url):
            hook(url).deliver(TROUBLE)

        with sink(200) as receiver:
            asyncio.run(caller(receiver.url))
        assert len(receiver.bodies) == 1

    @pytest.mark.parametrize("url", ["ftp://host/s3cret", "s3cret", "http://", "http://host:port/s3cret"])
    def test_an_address_that_is_none_is_refused_without_showing_it(self, url):
        with pytest.raises(ConfigurationError, match="WEBHOOK_URL") as caught:
            channels(url)
        assert "s3cret" not in str(caught.value)

    def test_an_installation_without_a_webhook_logs(self):
        assert [channel.name for channel in channels(None)] == ["log"]
        assert [channel.name for channel in channels("http://127.0.0.1:9/")] == ["log", "webhook"]


@pytest.mark.parametrize("status", [200, 404, 503, None])
def test_the_secret_address_is_nowhere_in_logs_errors_or_the_record(database, caplog, status):
    with caplog.at_level(logging.DEBUG), sink(status or 200) as receiver:
        url = receiver.url if status else "http://127.0.0.1:9/hook/s3cret-token"
        channel = hook(url)
        raise_alert(database, TROUBLE, [channel])
        with suppress(DeliveryFailed):
            channel.deliver(TROUBLE)
    stored = database.rows("select delivered::text from platform.alert")
    assert "s3cret" not in caplog.text + repr(channel) + str(stored)


def test_the_error_of_a_webhook_names_neither_its_address_nor_the_errors_below():
    with sink(404) as receiver, pytest.raises(DeliveryFailed) as caught:
        hook(receiver.url).deliver(TROUBLE)
    assert caught.value.__suppress_context__
    assert "s3cret" not in str(caught.value)


def test_severities_are_in_rising_order():
    assert [one.rank for one in Severity] == sorted(one.rank for one in Severity)
