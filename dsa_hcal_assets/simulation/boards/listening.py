"""What simulated devices on ports share: listening, dropping clients, being down."""

import asyncio
import contextlib
import socket
import struct
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Generic, TypeVar

from dsa_hcal_assets.simulation.boards.faults import Faults


class Listening(ABC):
    """A simulated device on a port.

    Parameters
    ----------
    host
        Address to listen on.
    port
        Port to listen on; 0 takes a free one at the first start and keeps it.
    faults
        What is wrong from the start; change it later with `set_faults`.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0, faults: Faults | None = None) -> None:
        self.host = host
        self.port = port
        self.faults = Faults() if faults is None else faults

    async def start(self) -> None:
        """Take the port and listen, unless the device is down from the start."""
        await self._listen()
        if self.faults.down:
            await self.stop()

    @abstractmethod
    async def stop(self) -> None:
        """Close the port and drop all clients."""

    async def set_faults(self, faults: Faults) -> None:
        """Switch to `faults`, from the next reply on; `down` takes effect at once."""
        was_down, self.faults = self.faults.down, faults
        if faults.down and not was_down:
            await self.stop()
        elif was_down and not faults.down:
            await self._listen()

    @abstractmethod
    async def _listen(self) -> None:
        """Take the port, and keep its number."""


class TcpServer(Listening):
    """A `Listening` device whose clients connect."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, faults: Faults | None = None) -> None:
        super().__init__(host, port, faults)
        self._server: asyncio.Server | None = None
        self._clients: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}

    async def stop(self) -> None:
        """Close the port and drop all clients."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._drop()

    async def _drop(self) -> None:
        tasks = list(self._clients.values())
        for writer, task in list(self._clients.items()):
            reset(writer)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            self._clients[writer] = task
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went, or the device is being switched off: both end this connection
        finally:
            self._clients.pop(writer, None)
            with contextlib.suppress(OSError):
                writer.close()

    @abstractmethod
    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it goes."""


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection with RST, as a board that lost power or crashed does."""
    connected: socket.socket | None = writer.get_extra_info("socket")
    if connected is not None and connected.fileno() >= 0:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


L = TypeVar("L", bound=Listening)


class Served(Generic[L]):
    """Devices by id that are started and stopped together."""

    servers: Mapping[str, L]

    async def start(self) -> None:
        """Start all of them."""
        for server in self.servers.values():
            await server.start()

    async def stop(self) -> None:
        """Stop all of them."""
        for server in self.servers.values():
            await server.stop()

    async def set_faults(self, id: str, faults: Faults) -> None:
        """Change what is wrong with one of them."""
        await self.servers[id].set_faults(faults)
