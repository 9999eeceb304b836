"""What ZeroMQ carries: a key that subscriptions are prefixes of, and the content.

A live message begins with `L`, topic, NUL; at the next multiple of 64 bytes follows its frame. A notice is
`N`, producer, NUL and (epoch, sequence) as two little-endian u64. Each is one part: ZeroMQ 4.3 aborts the
process (`!_more`, fq.cpp) when a connection ends while a message of several parts is read.
"""

import struct
from dataclasses import dataclass
from fnmatch import fnmatchcase

from dsa_hcal_assets.daq.messages.frame import FrameDamaged, aligned
from dsa_hcal_assets.errors import BadInput

_PLACE = struct.Struct("<QQ")
_LIVE, _NOTICE = b"L", b"N"
_WILDCARDS = "*?["


class BadTopic(BadInput):
    """A topic, or a pattern of topics, that is empty or contains NUL."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A producer's stream has grown up to (epoch, sequence)."""

    producer: str
    epoch: int
    sequence: int


def live_key(topic: str) -> bytes:
    """Return what a live message begins with, up to its frame.

    Raises
    ------
    BadTopic
        If `topic` is empty or contains NUL.
    """
    key = _LIVE + _checked(topic) + b"\0"
    return key.ljust(aligned(len(key)), b"\0")


def notice_key(producer: str) -> bytes:
    """Return what a notice about `producer` begins with."""
    return _NOTICE + producer.encode() + b"\0"


def notice_bytes(notice: Notice) -> bytes:
    """Return `notice` as it travels."""
    return notice_key(notice.producer) + _PLACE.pack(notice.epoch, notice.sequence)


def content(data: bytes) -> Notice | memoryview:
    """Return the notice that `data` carries, or the frame of a live message.

    Raises
    ------
    FrameDamaged
        If it carries neither.
    """
    end = data.find(b"\0") + 1
    if end and data.startswith(_LIVE):
        return memoryview(data)[aligned(end) :]
    if not end or not data.startswith(_NOTICE) or len(data) != end + _PLACE.size:
        raise FrameDamaged("what came from the broker is no message", found=f"{len(data)} bytes")
    return Notice(data[1 : end - 1].decode(errors="replace"), *_PLACE.unpack_from(data, end))


def subscription(pattern: str) -> bytes:
    """Return the ZeroMQ prefix that lets everything through that `pattern` matches (and perhaps more).

    Raises
    ------
    BadTopic
        If `pattern` is empty or contains NUL.
    """
    text = _checked(pattern)
    for at, character in enumerate(pattern):
        if character in _WILDCARDS:
            return _LIVE + pattern[:at].encode()
    return _LIVE + (text if pattern.endswith(".") else text + b"\0")


def matches(pattern: str, topic: str) -> bool:
    """Return whether `pattern` takes `topic`: as by `fnmatch`; a final dot takes all topics below it."""
    if pattern.endswith("."):
        return topic.startswith(pattern)
    return fnmatchcase(topic, pattern)


def _checked(topic: str) -> bytes:
    if not topic or "\0" in topic:
        raise BadTopic(f"{topic!r} is not a topic", expected="words separated by dots, without NUL")
    return topic.encode()
