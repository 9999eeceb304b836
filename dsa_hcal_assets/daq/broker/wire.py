"""What ZeroMQ carries in two parts: a key that subscriptions are prefixes of, and the content.

A live message has the key `L`, topic, NUL and its frame; a notice the key `N`, producer, NUL and
(epoch, sequence) as two little-endian u64.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from dsa_hcal_assets.daq.messages.frame import FrameDamaged
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
    """Return the first part of a live message.

    Raises
    ------
    BadTopic
        If `topic` is empty or contains NUL.
    """
    return _LIVE + _checked(topic) + b"\0"


def notice_key(producer: str) -> bytes:
    """Return what a notice about `producer` begins with."""
    return _NOTICE + producer.encode() + b"\0"


def notice_parts(notice: Notice) -> list[bytes]:
    """Return `notice` as it travels."""
    return [notice_key(notice.producer), _PLACE.pack(notice.epoch, notice.sequence)]


def content(parts: Sequence[bytes]) -> Notice | memoryview:
    """Return the notice that `parts` carry, or the frame of a live message.

    Raises
    ------
    FrameDamaged
        If they carry neither.
    """
    if len(parts) == 2 and parts[0].startswith(_LIVE):
        return memoryview(parts[1])
    if len(parts) != 2 or not parts[0].startswith(_NOTICE) or len(parts[1]) != _PLACE.size:
        raise FrameDamaged("what came from the broker is no message", found=f"{len(parts)} parts")
    return Notice(parts[0][1:-1].decode(errors="replace"), *_PLACE.unpack(parts[1]))


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
