"""One message, as its consumer sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

Attribute = str | int | float | bool | None | list[int | str]


class Kind(IntEnum):
    """What the payload's bytes are."""

    RAW = 1
    """A block of bytes; attributes may name `dtype` and `shape` of an array."""
    JSON = 2
    ARROW = 3
    """An Arrow IPC stream: one schema, any number of record batches."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes
    ----------
    topic
        Words separated by dots, as `temperature.hall`.
    producer
        Unique id of the job that made it, of any characters (`daq.identity`).
    epoch
        Number drawn when the producer's stream was begun; a stream begun anew has another one.
    sequence
        1, 2, 3 ... within (producer, epoch), without holes when it leaves the producer.
    time_ns
        When `send` was called, UTC, nanoseconds since 1970.
    kind
        What the payload is.
    payload
        The bytes, read-only. They may lie in shared memory: valid until the message is acknowledged.
    attributes
        Few small facts beside the payload.
    """

    topic: str
    producer: str
    epoch: int
    sequence: int
    time_ns: int
    kind: Kind
    payload: memoryview
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
