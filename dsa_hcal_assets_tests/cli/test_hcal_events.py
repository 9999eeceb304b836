"""`dsa-hcal events`, as a shifter types it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dsa_hcal_assets.cli.hcal_events import KINDS, events
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.hcal.events.event import Kind
from dsa_hcal_assets_tests.hcal.events.told import event

Run = Callable[..., Result]


@pytest.fixture
def run(database: Database, tmp_path: Path) -> Run:
    environ = {"DSA_HCAL_DATABASE_URL": database.url, "DSA_HCAL_STATE_DIR": str(tmp_path)}

    def run(*arguments: str, **more: str) -> Result:
        return CliRunner().invoke(events, arguments, env=environ | more, catch_exceptions=False)

    return run


def test_every_kind_can_be_typed() -> None:
    assert list(KINDS) == [str(kind) for kind in Kind]


def test_an_event_is_added_listed_and_in_force(run: Run) -> None:
    at = "2025-06-05T10:00:00"
    place = ("--at", at, "--half-sector")
    added = run("add", "led_on", *place, "O-31S", "--value", '{"mask": 31}', "--text", "ok")
    assert "led_on: recorded as event" in added.output
    again = run("add", "led_on", *place, "63", "--value", '{"text": "ok", "mask": 31}')
    assert "led_on: known already" in again.output
    run("add", "run_started", "--at", at, "--run", "52000")

    listed = run("list", "--since", "2025-06-05", "--until", "2025-06-06", "--kind", "led_on").output
    assert "led_on          O-31S" in listed
    assert "1 events" in listed
    then = run("at", "2025-06-05T11:00:00").output
    assert "led on: O-31S, since 2025-06-05 10:00:00" in then
    assert "run running: run 52000" in then
    assert "nothing is known" in run("at", "2025-06-05T09:00:00").output


def test_without_a_database_events_wait_for_the_platform(run: Run, tmp_path: Path) -> None:
    result = run("add", "power_cut", DSA_HCAL_DATABASE_URL="")
    assert "events wait in" in result.output
    assert len(list((tmp_path / "incoming" / "events").iterdir())) == 1


def test_many_events_come_from_a_file_and_bad_lines_are_told(run: Run, tmp_path: Path) -> None:
    good = [{"format": "dsa-hcal-event/1", **event("led_on", minutes).as_record()} for minutes in range(3)]
    lines = [json.dumps(one) for one in good]
    (tmp_path / "log.jsonl").write_text("\n".join([*lines[:2], "nonsense", "", *lines[2:]]))
    result = run("import", str(tmp_path / "log.jsonl"))
    assert result.exit_code == 1
    assert "3 read, 3 recorded now" in result.output
    assert "log.jsonl, line 3 is not JSON" in result.output

    lines.append(json.dumps({**good[0], "value": {"mask": 3}}))
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    again = run("import", str(tmp_path / "log.jsonl"))
    assert "4 read, 0 recorded now" in again.output
    assert again.output.count("quarantine list") == 1


@pytest.mark.parametrize(
    "arguments",
    [("led_on", "--half-sector", "O-32S"), ("led_on", "--value", "{"), ("blink",), ("led_on", "--at", "now")],
)
def test_what_cannot_be_typed_is_a_usage_error(run: Run, arguments: tuple[str, ...]) -> None:
    assert run("add", *arguments).exit_code == 2


def test_what_an_event_cannot_say_is_an_error_with_the_field(run: Run) -> None:
    with pytest.raises(BadInput, match="gain"):
        run("add", "gain_changed")
