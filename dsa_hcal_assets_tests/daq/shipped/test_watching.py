"""From a message that is too warm to an alert that people are told, and its end."""

import json
from dataclasses import replace

import msgspec
import pytest

from dsa_hcal_assets.daq.jobs import Input
from dsa_hcal_assets.daq.jobs.files import BadFile
from dsa_hcal_assets.daq.messages.message import Kind, Message
from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets.daq.shipped import alerts
from dsa_hcal_assets.daq.shipped.alert_message import AlertMessage
from dsa_hcal_assets.daq.shipped.alerts import Alerts
from dsa_hcal_assets.daq.shipped.health_check import HealthCheck
from dsa_hcal_assets.daq.shipped.traces import Traces
from dsa_hcal_assets.errors import ConfigurationError, DeadlineExceeded

WATCH = """
subscribe = ["hall.*"]
[[check]]
name = "too warm"
item = "hall.temperature"
field = "celsius"
above = 40
interval = "1m"
severity = "error"
message = "{value} deg C"
recovery_message = "cool again"
"""


def message(value, topic="hall.temperature", sequence=1, kind=Kind.JSON):
    payload = memoryview(msgspec.json.encode(value) if kind is Kind.JSON else value)
    return Message(topic, "thermometer", 1, sequence, 0, kind, payload)


class TestHealthCheck:
    def test_trouble_and_its_end_are_one_alert_each_with_one_key(self, make_job, sent, clock):
        job = make_job(HealthCheck, WATCH, clock=clock)
        job.setup()
        for celsius in (39.0, 41.5, 42.0):
            job.receive(message({"celsius": celsius}))
            job.step()
        clock.now += 61
        job.step()

        trouble, end = (AlertMessage.from_value(decode(one)) for one in sent())
        assert (trouble.severity, trouble.title, trouble.recovered) == ("error", "41.5 deg C", False)
        assert (end.severity, end.title, end.recovered) == ("info", "cool again", True)
        assert trouble.dedup_key == end.dedup_key == "hall/job/too warm"
        assert trouble.details == {"check": "too warm", "item": "hall.temperature", "interval_s": 60.0}

    def test_the_end_of_a_trouble_is_told_though_the_job_was_down(self, make_job, sent, clock):
        before = make_job(HealthCheck, WATCH, clock=clock)
        before.setup()
        before.receive(message({"celsius": 50.0}))
        before.step()
        before.close()
        after = make_job(HealthCheck, WATCH, clock=clock)
        after.setup()
        after.step()
        assert [decode(one)["title"] for one in sent()] == ["50.0 deg C"]
        clock.now += 61
        after.step()

        (end,) = (AlertMessage.from_value(decode(one)) for one in sent())
        assert (end.title, end.recovered) == ("cool again", True)

    def test_a_trouble_whose_check_is_gone_is_over(self, make_job, sent, clock):
        before = make_job(HealthCheck, WATCH, clock=clock)
        before.setup()
        before.receive(message({"celsius": 50.0}))
        before.step()
        before.close()
        make_job(HealthCheck, WATCH.replace("too warm", "warmth"), clock=clock).setup()

        trouble, end = (AlertMessage.from_value(decode(one)) for one in sent())
        assert (end.title, end.recovered) == ("too warm: no longer watched", True)
        assert end.dedup_key == trouble.dedup_key

    def test_it_listens_to_what_its_checks_are_about(self, make_job):
        job = make_job(HealthCheck, WATCH.replace("subscribe", "#"))

        assert job.config.subscribe == ("hall.temperature",)

    def test_messages_that_are_no_json_are_seen_and_do_no_harm(self, make_job, sent, clock):
        job = make_job(HealthCheck, WATCH, clock=clock)
        job.setup()
        job.receive(message(b"\xff\x00", kind=Kind.RAW))
        job.step()

        assert sent() == []

    def test_two_checks_of_one_name_are_a_mistake(self, make_job):
        with pytest.raises(BadFile, match="distinct names"):
            make_job(HealthCheck, WATCH + WATCH[WATCH.index("[[check]]") :])


class TestAlerts:
    @pytest.fixture
    def told(self, monkeypatch):
        told = []
        monkeypatch.setattr(alerts, "alert_channel", lambda name: told.append)
        return told

    def lines(self, place):
        (file,) = (place.run_dir / "alerts").iterdir()
        return [json.loads(line) for line in file.read_text().splitlines()]

    def test_an_alert_is_on_disk_before_it_is_told(self, make_job, place, told, monkeypatch):
        on_disk = []
        monkeypatch.setattr(
            alerts, "alert_channel", lambda _: lambda alert: on_disk.append(self.lines(place))
        )
        job = make_job(Alerts, tell=["pager"])
        job.setup()
        job.receive_kept([message({"severity": "error", "title": "hot"}, topic="alert")])

        ((line,),) = on_disk
        assert (line["value"]["title"], line["producer"]) == ("hot", "thermometer")

    def test_delivered_again_it_is_told_again_and_written_once(self, make_job, place, told):
        again = message({"severity": "error", "title": "hot"}, topic="alert")
        for _ in range(2):
            job = make_job(Alerts, tell=["pager"])
            job.setup()
            job.receive_kept([again])

        assert [alert.title for alert in told] == ["hot", "hot"]
        assert len(self.lines(place)) == 1

    def test_a_message_that_is_no_alert_is_kept_and_the_next_one_is_told(self, make_job, place, told):
        job = make_job(Alerts, tell=["pager"])
        job.setup()
        job.receive_kept(
            [
                message({"severity": "loud"}, topic="alert", sequence=1),
                message({"severity": "info", "title": "fine"}, topic="alert", sequence=2),
            ]
        )

        assert [alert.title for alert in told] == ["fine"]
        assert len(self.lines(place)) == 2

    def test_a_channel_that_fails_keeps_none_of_the_others_from_being_told(self, make_job, monkeypatch):
        told = []

        def fails(alert):
            raise DeadlineExceeded("the pager does not answer")

        monkeypatch.setattr(alerts, "alert_channel", {"pager": fails, "lamp": told.append}.get)
        job = make_job(Alerts, tell=["pager", "lamp"])
        job.setup()
        job.receive_kept([message({"severity": "error", "title": "hot"}, topic="alert")])

        assert [alert.title for alert in told] == ["hot"]

    def test_a_live_alert_is_told_unless_its_stream_is_read(self, make_job, told):
        job = make_job(Alerts, tell=["pager"])
        job.context = replace(job.context, inputs=(Input("thermometer"),))
        job.setup()
        alert = message({"severity": "error", "title": "hot"}, topic="alert.check")
        job.receive(alert)
        job.receive(replace(alert, producer="store"))

        assert len(told) == 1

    def test_a_channel_that_does_not_exist_is_named_with_those_that_do(self, make_job):
        with pytest.raises(ConfigurationError, match=r"'pagr'.*platform"):
            make_job(Alerts, tell=["pagr"]).setup()


def test_traces_of_all_kinds_are_lines(make_job, place):
    job = make_job(Traces)
    job.setup()
    job.receive(message({"error": "ValueError", "line": 3}, topic="trace.pump"))
    job.receive_kept([message("text", topic="trace.fan")])

    (file,) = (place.run_dir / "traces").iterdir()
    values = [json.loads(line)["value"] for line in file.read_text().splitlines()]
    assert values == [{"error": "ValueError", "line": 3}, "text"]
