"""What two links say to each other: msgpack of a fixed set of shapes, and frames as they lie in streams.

A message is one block of bytes: the version of the protocol, the length of what is said, what is said (one
of the classes below), and after `Data` and `Live` the frames. One block, because ZeroMQ 4.3 aborts the
process (`!_more`, fq.cpp) when a connection ends while a message of several parts is read.

A receiver pulls: it says where its mirror ends, and acknowledges what it has appended. Every heartbeat
repeats what has been sent and what is held, so that whatever a broken connection swallowed is noticed at
the next one.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from dsa_hcal_assets.daq.messages.frame import HEADER, frame_length
from dsa_hcal_assets.errors import BadInput

_VERSION = b"dsa-hcal-link/1 "
_LENGTH = struct.Struct("<I")


class WrongProtocol(BadInput):
    """A peer speaks another version, or something else altogether."""


class Place(NamedTuple):
    """A place in a stream, in the order of its messages; (0, 0) before the first of them."""

    epoch: int
    sequence: int


class _Said(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    pass


class Heartbeat(_Said, frozen=True):
    """I am here.

    Attributes
    ----------
    supervisor
        Who speaks.
    process
        Number drawn by the speaking process when it started.
    time_ns
        Its clock, UTC, nanoseconds since 1970.
    offers
        Producers whose streams the other one may pull.
    sent
        Last serial sent, by producer: (session, serial).
    held
        Where mirrors end, by producer: (session, epoch, sequence).
    live_sent
        Live messages sent by this process in all.
    """

    supervisor: str
    process: int
    time_ns: int
    offers: tuple[str, ...]
    sent: dict[str, tuple[int, int]]
    held: dict[str, tuple[int, int, int]]
    live_sent: int


class Pull(_Said, frozen=True):
    """Send me `producer`'s messages after (epoch, sequence), never more than the window ahead of my acks."""

    producer: str
    session: int
    epoch: int
    sequence: int
    window_messages: int
    window_bytes: int


class Data(_Said, frozen=True):
    """Frames of a stream, in order. `serial` counts the `Data` of a session: 1, 2, 3 ..."""

    producer: str
    session: int
    serial: int


class Ack(_Said, frozen=True):
    """My mirror of `producer` ends at (epoch, sequence)."""

    producer: str
    session: int
    epoch: int
    sequence: int


class Live(_Said, frozen=True):
    """Frames of live messages; `total` counts all that this process has sent with these."""

    total: int


class LiveAck(_Said, frozen=True):
    """I have taken live messages up to `total` of your process `process`."""

    process: int
    total: int


class Refusal(_Said, frozen=True):
    """I do not talk to you, because."""

    reason: str


Said: TypeAlias = Heartbeat | Pull | Data | Ack | Live | LiveAck | Refusal
_encode = msgspec.msgpack.Encoder().encode
_decoder: msgspec.msgpack.Decoder[Said] = msgspec.msgpack.Decoder(Said)


def pack(said: Said, pieces: Sequence[bytes | memoryview] = ()) -> bytes:
    """Return a message; `pieces` follow each other to be frames."""
    content = _encode(said)
    return b"".join((_VERSION, _LENGTH.pack(len(content)), content, *pieces))


def unpack(data: memoryview, peer: str) -> tuple[Said, list[memoryview]]:
    """Return what `peer` said, and the frames, uncopied.

    Raises
    ------
    WrongProtocol
        If it is another version, or no message at all.
    """
    if data[: len(_VERSION)] != _VERSION:
        raise WrongProtocol(
            f"the link of {peer} speaks another protocol",
            expected=repr(_VERSION),
            found=repr(bytes(data[: len(_VERSION)])),
            remedy="bring both machines to the same release",
        )
    try:
        (length,) = _LENGTH.unpack_from(data, len(_VERSION))
        start = len(_VERSION) + _LENGTH.size
        said = _decoder.decode(data[start : start + length])
    except (struct.error, msgspec.DecodeError) as error:
        raise WrongProtocol(f"the link of {peer} said something unknown", found=str(error)) from error
    return said, _frames(data[start + length :], peer)


def _frames(data: memoryview, peer: str) -> list[memoryview]:
    frames = []
    while data:
        if len(data) < HEADER.size:
            raise WrongProtocol(f"the link of {peer} sent no whole frame", found=f"{len(data)} bytes")
        length = frame_length(data)
        frames.append(data[:length])
        data = data[length:]
    return frames
