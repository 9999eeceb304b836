"""`dsa-hcal alerts`: look, take note, silence, close, and try whether anybody hears it."""

import re
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from dsa_hcal_assets.alerts import Alert, Severity, record
from dsa_hcal_assets.cli.alerts import alerts
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets_tests.alerts.receivers import http_receiver, wait_until


def run(*words: str) -> Result:
    return CliRunner().invoke(alerts, list(words))


@pytest.fixture
def platform(database, tmp_path, monkeypatch):
    monkeypatch.setenv("DSA_HCAL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DSA_HCAL_DATABASE_URL", database.url)
    return database


@pytest.fixture
def receiver(monkeypatch):
    with http_receiver() as one:
        monkeypatch.setenv("DSA_HCAL_WEBHOOK_URL", one.url)
        yield one


def tell(database, title="hot", severity=Severity.ERROR, category="run", key="", channels=()) -> int:
    alert = Alert(severity, category, title, "see the log", "hcal", dedup_key=key)
    return record.insert(database, alert, channels)[0]


def test_nothing_wrong_is_told(platform):
    assert run("list").output == "no alerts\n"
    assert run("silences").output == "no silences\n"


def test_each_alert_is_a_line_with_what_became_of_it(platform):
    first, second = tell(platform, "hot", key="k"), tell(platform, "full", Severity.WARNING, "disk")
    tell(platform, "hot", key="k")
    run("ack", str(first), "--who", "ann")
    lines = run("list").output.splitlines()
    assert re.fullmatch(rf" +{second}  \S+ \S+  warning  disk +full", lines[0])
    assert re.fullmatch(rf" +{first}  \S+ \S+  error +run +hot \(2 times, acknowledged by ann\)", lines[1])


def test_alerts_are_chosen_by_severity_category_source_and_standing(platform):
    tell(platform, "hot")
    tell(platform, "full", Severity.WARNING, "disk", key="k")
    record.resolve(platform, "k")
    assert "full" not in run("list").output
    assert "full" in run("list", "--all").output
    assert run("list", "--all", "--severity", "error").output.count("\n") == 1
    assert run("list", "--all", "--category", "disk").output.count("\n") == 1
    assert run("list", "--source", "rig").output == "no alerts\n"


def test_one_alert_is_shown_with_its_way_to_the_channels(platform):
    number = tell(platform, channels=["mail"])
    assert run("show", str(number)).output.splitlines()[1:] == ["see the log", "  mail: raised due"]
    assert isinstance(run("show", "99").exception, BadInput)


def test_taking_note_and_closing_is_done_once(platform):
    number = str(tell(platform))
    assert run("ack", number).output == f"{number} acknowledged\n"
    assert run("ack", number).output == f"{number} is unknown or was acknowledged before\n"
    assert run("resolve", number).output == f"{number} closed\n"
    assert run("resolve", number).output == f"{number} is unknown or was closed before\n"


def test_a_silence_is_made_listed_and_ended(platform):
    tell(platform, "board 5 is hot")
    made = run(
        "silence", "--title", "board * is hot", "--up-to", "error", "--reason", "repair", "--who", "ann"
    )
    assert re.search(r"title=board \* is hot up to error, until .*, by ann: repair", made.output)
    assert "(silence 1)" in run("list").output
    assert run("unsilence", "1", "--who", "bob").output == "1 ended\n"
    assert run("unsilence", "1").output == "1 is unknown or had ended\n"
    assert run("silences").output == "no silences\n"
    assert "by bob" in run("silences", "--all").output


def test_a_silence_of_nothing_is_refused(platform):
    assert isinstance(run("silence").exception, BadInput)


class TestTrying:
    def test_every_channel_gets_a_test_without_any_platform(self, receiver):
        assert run("test").output == "webhook: taken\n"
        (body,) = receiver.taken
        assert (body["event"], body["category"]) == ("test", "test")

    def test_a_channel_that_does_not_take_it_is_told_and_fails_the_command(self, receiver):
        receiver.statuses = [404]
        found = run("test", "webhook")
        assert found.exit_code == 1
        assert "HTTP 404" in found.output
        assert "s3cret" not in found.output

    def test_without_channels_it_says_where_alerts_go(self, monkeypatch):
        monkeypatch.delenv("DSA_HCAL_WEBHOOK_URL", raising=False)
        assert "record and the log" in run("test").output
        assert isinstance(run("test", "pager").exception, BadInput)


class TestDelivering:
    def test_what_is_due_is_told_and_the_channels_say_so(self, platform, receiver):
        tell(platform, channels=["webhook", "gone"])
        assert run("deliver").output == "webhook: 1 alerts, 0 digests told; 0 failed\n"
        lines = run("channels").output.splitlines()
        assert lines[0] == "gone (not set up any more): 1 due, 0 silenced"
        assert lines[1].startswith("webhook: 0 due, 0 silenced, last took one at ")

    def test_the_service_tells_at_once_and_ends_when_asked(self, platform, receiver):
        program = "from dsa_hcal_assets.cli import main; main()"
        service = subprocess.Popen([sys.executable, "-c", program, "alerts", "deliver", "--follow"])
        try:
            tell(platform, "hot", channels=["webhook"])
            wait_until(lambda: receiver.taken, 60)
            service.send_signal(signal.SIGTERM)
            assert service.wait(30) == 0
        finally:
            service.kill()
            service.wait(10)
        assert receiver.taken[0]["title"] == "hot"
