"""Many clients of ``/ws/data`` in one process, as light as they can be, so that the service is measured.

They speak RFC 6455 themselves: a handshake, one subscription, and frames of a server (unmasked) of which only
the head of the text is read.
"""

import asyncio
import base64
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from multiprocessing.sharedctypes import Synchronized

import numpy as np

_STATE = re.compile(rb'\{"type":"(\w+)","at":"([^"]+)","seq":(\d+)')
_HEAD_BYTES = 100
_TEXT, _PING, _PONG = 0x1, 0x9, 0xA
_SHORT, _LONG = 126, 127
CONNECT_AT_ONCE = 50


@dataclass
class Received:
    """What all clients got: client, number of the state, and seconds from its writing to its receipt.

    `newest` is the number of the newest state that any of them got, for another process to see.
    """

    newest: "Synchronized[int]"
    clients: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def of_states(self, first: int, last: int) -> np.ndarray:
        """Return the seconds of states `first` to `last`."""
        numbers = np.array(self.numbers)
        return np.array(self.seconds)[(numbers >= first) & (numbers <= last)]

    def lost(self, clients: int, first: int, last: int) -> int:
        """Return how many of states `first` to `last` did not reach one of `clients`."""
        pairs = zip(self.clients, self.numbers, strict=True)
        return clients * (last - first + 1) - len({pair for pair in pairs if first <= pair[1] <= last})


class Client(asyncio.Protocol):
    """One client that takes one topic."""

    def __init__(self, number: int, topic: str, received: Received) -> None:
        self._number, self._topic, self._received = number, topic.encode(), received
        self._buffer = bytearray()
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the protocol, and for the topic at once."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            "GET /ws/data HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Read the frames that are complete."""
        arrived = time.time()
        self._buffer += data
        if not self._open and not self._opened():
            return
        while (frame := self._frame()) is not None:
            kind, head = frame
            if kind == _PING:
                self._send(_PONG, head)
            elif (found := _STATE.match(head)) is not None and found[1] == self._topic:
                written = datetime.fromisoformat(found[2].decode()).timestamp()
                self._received.clients.append(self._number)
                self._received.numbers.append(int(found[3]))
                self._received.seconds.append(arrived - written)
                self._received.newest.value = int(found[3])

    def _opened(self) -> bool:
        head, separator, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not separator:
            return False
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(f"client {self._number} was refused: {head[:200]!r}")
        self._buffer = bytearray(rest)
        self._open = True
        self._send(_TEXT, b'{"subscribe": ["' + self._topic + b'"]}')
        return True

    def _send(self, kind: int, payload: bytes) -> None:
        # a mask of zeros leaves the payload as it is
        self._transport.write(bytes([0x80 | kind, 0x80 | len(payload), 0, 0, 0, 0]) + payload)

    def _frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        length, start = buffer[1] & 0x7F, 2
        if length in (_SHORT, _LONG):
            start = 4 if length == _SHORT else 10
            length = int.from_bytes(buffer[2:start], "big")
        if len(buffer) < start + length:
            return None
        kind, head = buffer[0] & 0x0F, bytes(buffer[start : start + min(length, _HEAD_BYTES)])
        del buffer[: start + length]
        return kind, head


async def connect(port: int, clients: Sequence[int], topic: str, received: Received) -> None:
    """Connect clients, `CONNECT_AT_ONCE` at a time."""
    loop = asyncio.get_running_loop()
    for start in range(0, len(clients), CONNECT_AT_ONCE):
        some = clients[start : start + CONNECT_AT_ONCE]
        made = [partial(Client, number, topic, received) for number in some]
        await asyncio.gather(*(loop.create_connection(client, "127.0.0.1", port) for client in made))
