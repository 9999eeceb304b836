"""Encrypted TCP sockets, and what comes out of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import zmq

from dsa_hcal_assets.daq.federation.keys import KeyPair

_HANDSHAKE_MS = 5000
_RECONNECT_MS, _LONGEST_RECONNECT_MS = 100, 2000


@dataclass(frozen=True, slots=True)
class Received:
    """What a peer, known by its key, sent: one block of bytes, uncopied."""

    peer: str
    data: memoryview


def encrypted(
    context: "zmq.Context[zmq.Socket[bytes]]", kind: int, own: KeyPair, silence: float
) -> "zmq.Socket[bytes]":
    """Return a socket with this side's keys, whose connections end after `silence` seconds without a sign.

    Its queues have no limit of their own: the windows of the streams bound what is on its way.
    """
    made = context.socket(kind)
    for option, value in {
        zmq.LINGER: 0,
        zmq.SNDHWM: 0,
        zmq.RCVHWM: 0,
        zmq.IPV6: 1,
        zmq.HEARTBEAT_IVL: int(silence * 1000 / 4),
        zmq.HEARTBEAT_TIMEOUT: int(silence * 1000),
        zmq.HANDSHAKE_IVL: _HANDSHAKE_MS,
        zmq.RECONNECT_IVL: _RECONNECT_MS,
        zmq.RECONNECT_IVL_MAX: _LONGEST_RECONNECT_MS,
    }.items():
        made.setsockopt(option, value)
    made.setsockopt(zmq.CURVE_PUBLICKEY, own.public)
    made.setsockopt(zmq.CURVE_SECRETKEY, own.secret)
    return made


def received(peer: str, parts: Sequence[zmq.Frame]) -> Received:
    """Return what `peer` sent; a link says everything in one part."""
    return Received(peer, parts[0].buffer if len(parts) == 1 else memoryview(b""))
