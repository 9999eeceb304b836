"""A TCP connection between two links that can be cut, or go silent, and come back."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

BLOCK = 65536


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class CuttableNetwork:
    """Passes TCP connections on to a port of this machine, in a thread, as long as it is told to.

    Parameters
    ----------
    port
        Of the link that listens. The other one is to connect to `address`.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.listen = f"tcp://127.0.0.1:{port}"
        self._loop = asyncio.new_event_loop()
        self._connections: set[asyncio.Task[Any]] = set()
        self._own_port = 0

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self._own_port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._do(self._setup())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """End all connections at once, in the middle of whatever they carry, and each new one too."""
        self._do(self._cut())

    def restore(self) -> None:
        """Pass connections on again, silent or cut before."""
        self._do(self._restore())

    def silence(self) -> None:
        """Pass nothing on while connections stand, as when a cable is pulled."""
        self._do(self._silence())

    async def _setup(self) -> None:
        self._flowing, self._standing = asyncio.Event(), True
        self._flowing.set()
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self._own_port = self._server.sockets[0].getsockname()[1]

    async def _cut(self) -> None:
        self._standing = False
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _end(self) -> None:
        self._server.close()
        self._flowing.set()
        copies = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*copies, return_exceptions=True)

    async def _restore(self) -> None:
        self._standing = True
        self._flowing.set()

    async def _silence(self) -> None:
        self._flowing.clear()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._standing:
            writer.transport.abort()
            return
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        ends = [writer]
        try:
            there_reader, there = await asyncio.open_connection("127.0.0.1", self.port)
            ends.append(there)
            copies = [self._copy(reader, there), self._copy(there_reader, writer)]
            await asyncio.wait(map(asyncio.ensure_future, copies), return_when=asyncio.FIRST_COMPLETED)
        except (OSError, asyncio.CancelledError):
            pass  # the ends are aborted either way
        finally:
            self._connections.discard(connection)
            for end in ends:
                end.transport.abort()

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while block := await source.read(BLOCK):
                await self._flowing.wait()
                target.write(block)
                await target.drain()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)
