"""Messages for sinks, as a stream would deliver them."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.messages.payload import encode

NOON = 1_700_000_000_000_000_000
"""2023-11-14 22:13:20 UTC, ns; the day ends 6400 s later."""
EPOCH = 7


def message(sequence, value, *, producer="hall", topic="temps", epoch=EPOCH, time_ns=None):
    """A message sent `sequence` ms after `NOON`."""
    encoded = encode(value)
    payload = bytearray(encoded.length)
    encoded.write(memoryview(payload))
    moment = NOON + sequence * 1_000_000 if time_ns is None else time_ns
    kept = memoryview(bytes(payload))
    return Message(topic, producer, epoch, sequence, moment, encoded.kind, kept, encoded.attributes)


def readings(count, first=1, **facts):
    """Messages with one JSON object each: the number again, a temperature, a place."""
    return [
        message(number, {"n": number, "celsius": 20.5 + number, "where": f"room {number % 3}"}, **facts)
        for number in range(first, first + count)
    ]


def table(number, rows=3):
    """An Arrow table whose content says `number`."""
    return pa.table(
        {"n": np.full(rows, number), "x": np.arange(rows) * 0.5, "name": [f"row {number}"] * rows}
    )


def borrowed(messages):
    """The same messages in memory that can be taken back, and the function that does it."""
    buffers = [bytearray(each.payload) for each in messages]
    lent = [
        replace(each, payload=memoryview(buffer).toreadonly())
        for each, buffer in zip(messages, buffers, strict=True)
    ]

    def take_back():
        for buffer in buffers:
            buffer[:] = b"\xff" * len(buffer)

    return lent, take_back
