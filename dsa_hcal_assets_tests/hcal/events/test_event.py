"""What an event may say, and what makes two files one event."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dsa_hcal_assets.hcal.events.event import ControlEvent, Kind
from dsa_hcal_assets.hcal.events.event_file import (
    EventUnreadable,
    encode_event,
    parse_event,
    read_event,
    write_event,
)
from dsa_hcal_assets_tests.hcal.events.told import event, history

LED = {
    "format": "dsa-hcal-event/1",
    "at": "2025-06-05T20:37:07+02:00",
    "kind": "led_on",
    "half_sector": 17,
    "value": {"mask": 31, "intensity": [2000, 2000, 2000, 2000, 3200], "text": "run 5"},
    "source": "led_run.py",
}


def test_a_file_is_read_as_it_is_meant() -> None:
    read = parse_event(json.dumps(LED), "a file")
    assert read.at == datetime(2025, 6, 5, 18, 37, 7, tzinfo=UTC)
    assert (read.kind, read.half_sector, read.value["mask"]) == (Kind.LED_ON, 17, 31)
    assert read.subject() == "2025-06-05T18:37:07+00:00 led_on half_sector 17"


def test_the_example_of_the_documentation_is_an_event() -> None:
    page = (Path(__file__).parents[3] / "docs" / "data-formats.md").read_text(encoding="utf-8")
    example = page.split("## Control-plane events")[1].split("```json\n")[1].split("```")[0]
    assert parse_event(example, "the example").kind is Kind.LED_ON


@pytest.mark.parametrize("one", history(1, 20), ids=lambda one: one.subject())
def test_an_event_survives_its_file(one: ControlEvent, tmp_path: Path) -> None:
    assert read_event(write_event(tmp_path, one)) == one


def test_the_same_event_spelled_otherwise_is_the_same() -> None:
    other = {**dict(reversed(LED.items())), "at": "2025-06-05T18:37:07Z", "detector": None}
    one, again = parse_event(json.dumps(LED), "one"), parse_event(json.dumps(other, indent=4), "another")
    assert one.digest() == again.digest()
    assert one.file_name() == again.file_name()


def test_another_value_is_another_content_of_the_same_subject() -> None:
    other = parse_event(json.dumps({**LED, "value": {"mask": 1}}), "another")
    one = parse_event(json.dumps(LED), "one")
    assert other.subject() == one.subject()
    assert other.digest() != one.digest()


def test_two_notes_of_one_time_do_not_contradict_each_other() -> None:
    one, other = (event("note", value={"text": text}) for text in ("hot day", "chiller off"))
    assert one.subject() != other.subject()


def test_writing_an_event_twice_leaves_one_file(tmp_path: Path) -> None:
    assert write_event(tmp_path, event("power_cut")) == write_event(tmp_path, event("power_cut"))
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"at": "2025-06-05T20:37:07"}, "at"),
        ({"at": 1749148627}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"kind": "led_blinking"}, "kind"),
        ({"half_sector": 128}, "half_sector"),
        ({"half_sector": "17"}, "half_sector"),
        ({"half_sector": True}, "half_sector"),
        ({"half_sector": 17.5}, "half_sector"),
        ({"detector": 1}, "only one of detector and half_sector"),
        ({"half_sector": None, "tower_id": 5}, "half-sectors, not a tower_id"),
        ({"run_number": -1}, "run_number"),
        ({"run_number": 2**31}, "run_number"),
        ({"source": ""}, "source"),
        ({"source": "a\u0000b"}, "source"),
        ({"source": None}, "source"),
        ({"value": {"mask": 32}}, "mask"),
        ({"value": {"intensity": [1, 2, 3]}}, "intensity"),
        ({"value": {"brightness": 3}}, "brightness"),
        ({"value": []}, "value"),
        ({"colour": "blue"}, "colour"),
        ({"kind": "gain_changed", "value": {"gain": "medium"}}, "gain"),
        ({"kind": "gain_changed", "value": {}}, "gain"),
        ({"kind": "run_started"}, "requires a run_number and concerns everything"),
        ({"kind": "note", "value": {}}, "text"),
        ({"kind": "led_off", "value": {"mask": 1}}, "mask"),
        ({"kind": "offsets_changed", "value": {}}, "either offset or offsets"),
        (
            {"kind": "offsets_changed", "value": {"offset": 1, "offsets": {"5": 1}}},
            "either offset or offsets",
        ),
        ({"kind": "offsets_changed", "value": {"offset": 1}, "half_sector": None}, "say for which"),
        ({"kind": "offsets_changed", "value": {"offsets": {"3000": 1}}}, "does not concern"),
        ({"kind": "offsets_changed", "value": {"offsets": {"x": 1}}}, "offsets"),
        ({"kind": "offsets_changed", "value": {"offset": 1e300}}, "offset"),
        ({"format": "dsa-hcal-event/2"}, "dsa-hcal-event/1"),
    ],
    ids=str,
)
def test_what_an_event_cannot_say_is_refused_with_the_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(EventUnreadable) as refused:
        parse_event(json.dumps({**LED, **change}), "this file")
    assert field in str(refused.value)
    assert "this file" in refused.value.what


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '{"at":', "\ufeff{}", "[" * 100_000, "{}" * 2])
def test_what_is_no_event_at_all_is_refused(text: str) -> None:
    with pytest.raises(EventUnreadable):
        parse_event(text, "this file")


def test_not_a_number_is_no_offset() -> None:
    text = json.dumps({**LED, "kind": "offsets_changed", "value": {"offset": float("nan")}})
    with pytest.raises(EventUnreadable):
        parse_event(text, "this file")


def test_the_end_of_time_zones_is_refused() -> None:
    with pytest.raises(EventUnreadable):
        parse_event(json.dumps({**LED, "at": "0001-01-01T00:00:00+12:00"}), "this file")


def test_a_file_too_large_is_no_event(tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    large.write_bytes(encode_event(event("power_cut")) + b" " * 2**22)
    with pytest.raises(EventUnreadable, match="at most"):
        read_event(large)


def test_scopes_name_their_towers() -> None:
    assert list(event("power_cut", detector=1).towers()) == list(range(1536, 3072))
    assert len(event("power_cut", detector=2).towers()) == 24576
    assert len(event("power_cut", half_sector=17).towers()) == 24
    assert len(event("power_cut").towers()) == 27648
