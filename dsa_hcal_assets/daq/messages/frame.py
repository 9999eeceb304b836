"""A message as bytes: a header of 64 bytes, its names, and the payload, each under a CRC.

    0   magic `DHM1`
    4   kind, u8                       5   reserved, u8
    6   length of topic, u16           8   length of producer, u16      10  reserved, u16
    12  length of attributes, u32      16  length of payload, u64
    24  epoch, u64      32  sequence, u64      40  time (UTC, ns), i64
    48  CRC32C of the payload, u32     52  CRC32C of the 52 bytes before and of the names, u32
    56  reserved, u64
    64  topic, producer (UTF-8), attributes (JSON); zeros up to a multiple of 64; payload

Little-endian. The same frame lies in rings, in segments on disk and on sockets.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

import msgspec
from crc32c import crc32c

from dsa_hcal_assets.daq.messages.message import Attribute, Kind, Message
from dsa_hcal_assets.errors import BadInput

MAGIC = b"DHM1"
HEADER = struct.Struct("<4sBBHHHIQQQqIIQ")
ALIGNMENT = 64
_CHECKED = struct.Struct("<4sBBHHHIQQQqI")
_UNCHECKED = struct.Struct("<IQ")
_KINDS = {int(kind): kind for kind in Kind}
_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder(dict[str, Attribute]).decode


class FrameDamaged(BadInput):
    """The bytes are not one whole frame: wrong magic, length, or CRC."""


class NameTooLong(BadInput):
    """A topic or producer id is longer than a header can say (65535 bytes)."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """All of a frame before its payload, and the frame's length with it, bytes."""

    data: bytes
    frame_length: int


def aligned(length: int) -> int:
    """Return `length` rounded up to a multiple of 64."""
    return -(-length // ALIGNMENT) * ALIGNMENT


@lru_cache(maxsize=4096)
def _name(text: str) -> bytes:
    data = text.encode()
    if len(data) > 0xFFFF:
        raise NameTooLong(
            f"the name {text[:40]!r}... is too long", expected="65535 bytes", found=str(len(data))
        )
    return data


def prefix_length(topic: str, producer: str, attributes: Mapping[str, Attribute]) -> int:
    """Return where the payload of such a frame begins, bytes."""
    names = len(_name(topic)) + len(_name(producer)) + (len(_to_json(attributes)) if attributes else 0)
    return aligned(HEADER.size + names)


def pack_prefix(
    topic: str,
    producer: str,
    epoch: int,
    sequence: int,
    time_ns: int,
    kind: Kind,
    payload_length: int,
    payload_crc: int,
    attributes: Mapping[str, Attribute],
) -> Prefix:
    """Return the bytes before the payload of a frame.

    Raises
    ------
    NameTooLong
        If the topic or the producer's id does not fit.
    """
    topic_bytes, producer_bytes = _name(topic), _name(producer)
    attribute_bytes = _to_json(attributes) if attributes else b""
    names = topic_bytes + producer_bytes + attribute_bytes
    fields = (
        MAGIC, kind, 0, len(topic_bytes), len(producer_bytes), 0, len(attribute_bytes),
        payload_length, epoch, sequence, time_ns, payload_crc,
    )  # fmt: skip
    checked = _CHECKED.pack(*fields)
    data = checked + _UNCHECKED.pack(crc32c(names, crc32c(checked)), 0) + names
    start = aligned(len(data))
    return Prefix(data.ljust(start, b"\0"), start + payload_length)


def prefix_of(message: Message) -> bytes:
    """Return the bytes of a frame before its payload, for those who write that themselves."""
    return pack_prefix(
        message.topic,
        message.producer,
        message.epoch,
        message.sequence,
        message.time_ns,
        message.kind,
        len(message.payload),
        crc32c(message.payload),
        message.attributes,
    ).data


def pack(message: Message) -> bytes:
    """Return the whole frame of `message`."""
    return prefix_of(message) + message.payload


def unpack(frame: memoryview, where: str, *, check_payload: bool = True) -> Message:
    """Return the message at the beginning of `frame`, its payload a view into it.

    Parameters
    ----------
    frame
        Bytes that begin with a frame; more may follow.
    where
        Named in the error: the ring, segment or peer.
    check_payload
        Also compare the payload's CRC.

    Raises
    ------
    FrameDamaged
        If it is not one whole frame.
    """
    if len(frame) < HEADER.size:
        _damaged(where, f"at least {HEADER.size} bytes", f"{len(frame)} bytes")
    (magic, kind, _, topic_length, producer_length, _, attribute_length, payload_length,
     epoch, sequence, time_ns, payload_crc, header_crc, _) = HEADER.unpack_from(frame)  # fmt: skip
    if magic != MAGIC:
        _damaged(where, f"magic {MAGIC!r}", repr(magic))
    names_end = HEADER.size + topic_length + producer_length + attribute_length
    start = -(-names_end // ALIGNMENT) * ALIGNMENT
    if len(frame) < start + payload_length:
        _damaged(where, f"{start + payload_length} bytes", f"{len(frame)} bytes")
    names = bytes(frame[HEADER.size : names_end])
    if crc32c(names, crc32c(frame[: _CHECKED.size])) != header_crc:
        _damaged(where, f"header CRC {header_crc:08x}", "another")
    payload = frame[start : start + payload_length].toreadonly()
    if check_payload and crc32c(payload) != payload_crc:
        _damaged(where, f"payload CRC {payload_crc:08x} of message {sequence}", "another")
    producer_end = topic_length + producer_length
    return Message(
        _text(names[:topic_length]),
        _text(names[topic_length:producer_end]),
        epoch,
        sequence,
        time_ns,
        _KINDS[kind],
        payload,
        _from_json(names[producer_end:]) if attribute_length else {},
    )


@lru_cache(maxsize=4096)
def _text(name: bytes) -> str:
    return name.decode()


def frame_length(frame: memoryview) -> int:
    """Return the length in bytes that the header at the beginning of `frame` claims (CRC not checked)."""
    return length_in_words(frame[: HEADER.size].cast("Q"), 0)


def length_in_words(words: memoryview, index: int) -> int:
    """Return what the header that begins at words[index] (8 bytes each, little-endian) claims as length."""
    first, second = words[index], words[index + 1]
    names = (first >> 48) + (second & 0xFFFF) + (second >> 32)
    return -(-(HEADER.size + names) // ALIGNMENT) * ALIGNMENT + int(words[index + 2])


def _damaged(where: str, expected: str, found: str) -> NoReturn:
    raise FrameDamaged(f"a message in {where} is damaged", expected=expected, found=found)
