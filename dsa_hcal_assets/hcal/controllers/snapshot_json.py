"""Snapshots as JSON values and back: the content of the lines, not their checksums."""

import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.hcal.controllers.readings import (
    TOWERS,
    BoardReading,
    ChannelReading,
    Record,
    Snapshot,
    checked,
)

_ALWAYS = ("temperature", "leakage", "offset")
_NOW_AND_THEN = ("led_intensity", "pin_diode", "dac")
_NUMBERS = frozenset({float, int, type(None)})


def header(snapshot: Snapshot) -> dict[str, Any]:
    """Return everything about `snapshot` but its boards' readings."""
    return {
        "cycle": snapshot.cycle.isoformat(),
        "sequence": snapshot.sequence,
        "acquisition_id": snapshot.acquisition_id,
        "run_number": snapshot.run_number,
        "boards": [board.board for board in snapshot.boards],
    }


def board(reading: BoardReading) -> dict[str, Any]:
    """Return one board's reading as JSON values."""
    return {
        "board": reading.board,
        "status": reading.status,
        "sampled_at": None if reading.sampled_at is None else reading.sampled_at.isoformat(),
        "error": None if reading.error is None else dict(reading.error),
        "channels": [_channel(channel) for channel in reading.channels],
    }


def of_first_format(board: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON values of a board written in format 1, which knew no LEDs, as `board` writes them."""
    unasked = dict.fromkeys(_NOW_AND_THEN)
    return board | {"channels": [channel | unasked for channel in board["channels"]]}


def snapshot(head: dict[str, Any], boards: Iterable[dict[str, Any]]) -> Snapshot:
    """Build the snapshot of a header and its boards.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError
        If something is missing or of another type than `header` and `board` write.
    """
    readings = tuple(_board_of(value) for value in boards)
    if [reading.board for reading in readings] != head["boards"]:
        raise ValueError("the blocks are not those the header announces")
    return Snapshot(
        cycle=_time(head["cycle"]),
        sequence=_integer(head["sequence"]),
        acquisition_id=_text(head["acquisition_id"]),
        run_number=_integer(head["run_number"]),
        boards=readings,
    )


def _channel(reading: ChannelReading) -> dict[str, Any]:
    return {
        "channel": reading.channel,
        "temperature": _list(reading.temperature),
        "leakage": _list(reading.leakage),
        "offset": _list(reading.offset),
        "bias": _value(reading.bias),
        "lv_positive": _value(reading.lv_positive),
        "lv_negative": _value(reading.lv_negative),
        "gain": reading.gain,
        **{name: _list(getattr(reading, name)) for name in _NOW_AND_THEN},
        "errors": {name: dict(record) for name, record in reading.errors.items()},
    }


def _board_of(value: dict[str, Any]) -> BoardReading:
    sampled_at = value["sampled_at"]
    return BoardReading(
        board=_text(value["board"]),
        status=value["status"],
        sampled_at=None if sampled_at is None else _time(sampled_at),
        error=None if value["error"] is None else _record(value["error"]),
        channels=tuple(_channels_of(value["channels"])),
    )


def _channels_of(values: list[dict[str, Any]]) -> Iterator[ChannelReading]:
    # a board's channels are checked together: one at a time takes most of the time of reading a file
    towers = {
        name: checked(name, [_numbers(value[name]) for value in values], (len(values), TOWERS))
        for name in _ALWAYS
        if values
    }
    for number, value in enumerate(values):
        asked: dict[str, Any] = {
            name: None if value[name] is None else _numbers(value[name]) for name in _NOW_AND_THEN
        }
        yield ChannelReading(
            channel=_integer(value["channel"]),
            bias=_number(value["bias"]),
            lv_positive=_number(value["lv_positive"]),
            lv_negative=_number(value["lv_negative"]),
            gain=value["gain"],
            errors={name: _record(record) for name, record in value["errors"].items()},
            **{name: column[number] for name, column in towers.items()},
            **asked,
        )


def _list(values: NDArray[np.float32] | None) -> list[float | None] | None:
    if values is None:
        return None
    # str() of a float32 is the shortest text that reads back as the same float32
    return [None if value != value else float(str(value)) for value in values]


def _value(value: float) -> float | None:
    return None if math.isnan(value) else value


def _numbers(values: list[float | None]) -> list[float]:
    # thousands a snapshot: their types are looked at together, and numpy reads None as NaN
    if not _NUMBERS.issuperset(map(type, values)):
        raise TypeError(f"{values!r}: not all are numbers")
    return values  # type: ignore[return-value]  # what None becomes


def _number(value: float | None) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _integer(value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} is no integer")
    return value


def _text(value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _record(value: dict[str, Any]) -> Record:
    for name, entry in value.items():
        if entry is not None and not isinstance(entry, str | bool):
            raise TypeError(f"{name}: {entry!r} in an error record")
    return value


def _time(value: str) -> datetime:
    return require_utc(datetime.fromisoformat(value))
