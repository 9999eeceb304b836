"""What two links say to each other: msgpack of a fixed set of shapes, and frames as they lie in streams.

A message is a list of parts: the version of the protocol, one of the classes below, and for `Data` and
`Live` the frames. A receiver pulls: it says where its mirror ends, and acknowledges what it has appended.
Every heartbeat repeats what has been sent and what is held, so that whatever a broken connection
swallowed is noticed at the next one.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from dsa_hcal_assets.errors import BadInput

PROTOCOL = 1
_VERSION = b"dsa-hcal-link/"


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


def pack(said: Said, frames: Sequence[bytes] = ()) -> list[bytes]:
    """Return the parts of a message."""
    return [_VERSION + str(PROTOCOL).encode(), _encode(said), *frames]


def unpack(parts: Sequence[bytes], peer: str) -> Said:
    """Return what `peer` said; frames are from the third part on.

    Raises
    ------
    WrongProtocol
        If it is another version, or no message at all.
    """
    if not parts or parts[0] != _VERSION + str(PROTOCOL).encode():
        raise WrongProtocol(
            f"the link of {peer} speaks another protocol",
            expected=f"version {PROTOCOL}",
            found=repr(bytes(parts[0][:40]) if parts else b""),
            remedy="bring both machines to the same release",
        )
    try:
        return _decoder.decode(parts[1])
    except (IndexError, msgspec.DecodeError, msgspec.ValidationError) as error:
        raise WrongProtocol(f"the link of {peer} said something unknown", found=str(error)) from error
