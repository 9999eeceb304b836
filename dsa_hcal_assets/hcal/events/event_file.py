"""Files of events: one JSON object each, dropped into ``incoming/events`` by whoever knows.

::

    {"format": "dsa-hcal-event/1", "at": "2025-06-05T20:37:07Z", "kind": "led_on",
     "half_sector": 17, "value": {"mask": 31}, "source": "led_run.py"}
"""

import json
import os
import stat
from pathlib import Path

from pydantic import ValidationError

from dsa_hcal_assets.daq.durable_file import make_directory, write_durably
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.hcal.events.event import ControlEvent

FORMAT = "dsa-hcal-event/1"
SUFFIX = ".json"
LARGEST = 2 * 2**20  # bytes; offsets of all 27,648 towers take about 0.4 MB


class EventUnreadable(BadInput):
    """Text that should be an event is none; the message names the field."""


def encode_event(event: ControlEvent) -> bytes:
    """Return the bytes of an event's file."""
    return json.dumps({"format": FORMAT, **event.as_record()}, indent=1).encode("ascii") + b"\n"


def write_event(directory: Path, event: ControlEvent) -> Path:
    """Write an event durably into `directory` (created if needed); return its path.

    Writing the same event again is a no-op.

    Raises
    ------
    DiskFull, WriteFailed
        If the operating system refuses; nothing is left under the final name.
    """
    make_directory(directory)
    path = directory / event.file_name()
    write_durably(path, encode_event(event))
    return path


def read_event(path: Path) -> ControlEvent:
    """Read an event's file.

    Raises
    ------
    EventUnreadable
        If it is no event this version reads.
    OSError
        If it cannot be opened.
    """
    # O_NONBLOCK: opening a FIFO that somebody put here must not wait for its writer
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
            raise EventUnreadable(f"{path} is no event", expected=f"a file of at most {LARGEST} bytes")
        return parse_event(file.read(LARGEST), str(path))


def parse_event(text: bytes | str, place: str) -> ControlEvent:
    """Return the event written as JSON in `text`; `place` is named in errors.

    Raises
    ------
    EventUnreadable
        If it is not JSON, of another format, or says something an event cannot.
    """
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EventUnreadable(f"{place} is not JSON", found=str(error), remedy=_REMEDY) from error
    if not isinstance(record, dict) or record.pop("format", None) != FORMAT:
        raise EventUnreadable(
            f"{place} is no event this version reads", expected=f'an object with "format": "{FORMAT}"'
        )
    try:
        return ControlEvent.model_validate_json(json.dumps(record))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(step) for step in first["loc"]) or "event"
        raise EventUnreadable(
            f"{place}: {field} is not valid",
            expected=first["msg"],
            found=str(first["input"])[:200],
            remedy=_REMEDY,
        ) from error
    except OverflowError as error:
        raise EventUnreadable(f"{place}: at is not valid", found=str(error)) from error


_REMEDY = "docs/data-formats.md says what an event's file holds; deliver a corrected one"
