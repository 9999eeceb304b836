"""Readings of boards as JSON values and back: the content of the lines, not their checksums."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.hcal.controllers.readings import TOWERS, BoardReading, ChannelReading, checked
from dsa_hcal_assets.hcal.snapshots.cycle import error_record, integer, moment, text

_ALWAYS = ("temperature", "leakage", "offset")
_NOW_AND_THEN = ("led_intensity", "pin_diode", "dac")
_NUMBERS = frozenset({float, int, type(None)})


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


def reading(value: dict[str, Any]) -> BoardReading:
    """Return the board's reading that `board` wrote.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError
        If something is missing or of another type than `board` writes.
    """
    sampled_at = value["sampled_at"]
    return BoardReading(
        board=text(value["board"]),
        status=value["status"],
        sampled_at=None if sampled_at is None else moment(sampled_at),
        error=None if value["error"] is None else error_record(value["error"]),
        channels=tuple(_channels_of(value["channels"])),
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
            channel=integer(value["channel"]),
            bias=_number(value["bias"]),
            lv_positive=_number(value["lv_positive"]),
            lv_negative=_number(value["lv_negative"]),
            gain=value["gain"],
            errors={name: error_record(record) for name, record in value["errors"].items()},
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
