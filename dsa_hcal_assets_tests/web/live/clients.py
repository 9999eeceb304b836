"""Clients of live data, such that read and such that do not, and a service of topics of the test's own."""

import asyncio
import base64
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI
from websockets.sync.client import ClientConnection, connect

from dsa_hcal_assets.settings.live import LiveSettings
from dsa_hcal_assets.web.live.endpoint import hub_route
from dsa_hcal_assets.web.live.feeds import Feed
from dsa_hcal_assets.web.live.hub import Hub
from dsa_hcal_assets.web.live.protocol import OPTIONS

SECONDS = 20.0
QUICK = LiveSettings(poll_seconds=0.02, refresh_seconds=0.1, heartbeat_seconds=0.1, admission_seconds=0.2)


class Listener:
    """A client that reads; every message it got is in `got`."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.got: list[dict[str, Any]] = []
        self.texts: list[str] = []

    def next(self) -> dict[str, Any]:
        """Return the next message."""
        text = self.connection.recv(timeout=SECONDS)
        assert isinstance(text, str)
        self.texts.append(text)
        self.got.append(json.loads(text))
        return self.got[-1]

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Read on to the first message that is wanted, and return it."""
        deadline = time.monotonic() + SECONDS
        while not wanted(message := self.next()):
            assert time.monotonic() < deadline, f"it did not come; the last was {self.texts[-1][:500]}"
        return message

    def hear(self, kind: str) -> dict[str, Any]:
        """Read on to the next message of that type."""
        return self.until(lambda message: message["type"] == kind)

    def say(self, **message: Any) -> None:
        """Send a message."""
        self.connection.send(json.dumps(message))

    @property
    def kinds(self) -> set[str]:
        """Types of the messages that came."""
        return {message["type"] for message in self.got}

    def numbers(self, topic: str) -> list[int]:
        """Return the numbers of the states that came."""
        return [message["seq"] for message in self.got if message["type"] == topic]


@contextmanager
def listening(port: int, **options: Any) -> Iterator[Listener]:
    """Connect a client to the service at `port`; `options` are those of `websockets`."""
    with connect(f"ws://127.0.0.1:{port}/ws/data", open_timeout=SECONDS, **options) as connection:
        yield Listener(connection)


def narrow(port: int) -> socket.socket:
    """Return a connection whose kernel keeps next to nothing for a client that does not read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    connection.settimeout(SECONDS)
    connection.connect(("127.0.0.1", port))
    return connection


@contextmanager
def deaf(port: int) -> Iterator[socket.socket]:
    """Connect a client that never reads."""
    with narrow(port) as connection:
        key = base64.b64encode(os.urandom(16)).decode()
        connection.sendall(
            f"GET /ws/data HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        yield connection


class Service:
    """A hub behind real uvicorn, with topics of the test's own making."""

    def __init__(
        self, feeds: Sequence[Feed], settings: LiveSettings, database: Any = None, **options: Any
    ) -> None:
        self.hub = Hub(feeds, lambda: database, settings)
        app = FastAPI()
        app.include_router(hub_route(self.hub, settings))
        options = OPTIONS | {"log_config": None, "timeout_graceful_shutdown": 5} | options
        self._server = uvicorn.Server(uvicorn.Config(app, port=0, **options))
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> "Service":
        self._thread.start()
        self.wait(lambda: self._server.started)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._server.servers[0].sockets[0].getsockname()[1]
        return port

    @property
    def held_back(self) -> int:
        """Bytes that wait in the process for clients that do not read."""
        connections = list(self._server.server_state.connections)
        return sum(one.transport.get_write_buffer_size() for one in connections)  # type: ignore[union-attr]

    @property
    def closing(self) -> bool:
        """Whether a connection was closed by the service, and has not ended."""
        connections = list(self._server.server_state.connections)
        # before its upgrade a connection is one of HTTP
        return any(getattr(one, "close_sent", False) for one in connections)

    @property
    def connections(self) -> int:
        """Connections that are open."""
        return len(self._server.server_state.connections)

    def stop(self) -> None:
        """Ask the server to end."""
        self._server.should_exit = True

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds."""
        for _ in range(int(SECONDS / 0.01)):
            if condition():
                return
            threading.Event().wait(0.01)
        raise AssertionError("the condition was not met in time")


async def gathered(port: int, clients: int, enough: Callable[[dict[str, Any]], bool]) -> list[list[str]]:
    """Return the texts that each of many clients got, up to the first that is `enough`."""
    from websockets.asyncio.client import connect as connect_async

    async def one() -> list[str]:
        texts = []
        async with connect_async(f"ws://127.0.0.1:{port}/ws/data", open_timeout=SECONDS) as connection:
            async for text in connection:
                texts.append(str(text))
                if enough(json.loads(text)):
                    return texts
        raise AssertionError("the service closed the connection")

    async with asyncio.timeout(3 * SECONDS):
        return await asyncio.gather(*(one() for _ in range(clients)))
