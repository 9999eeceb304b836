"""One simulated controller on a TCP port."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar, runtime_checkable

from dsa_hcal_assets.simulation.boards.board import Output
from dsa_hcal_assets.simulation.boards.commands import Command, CommandCutter
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.boards.replies import PROMPT, flood, reply

_BANNER = b"HCAL slow control > version 2\n\r"


class Executes(Protocol):
    """A simulated board: what its commands do."""

    def execute(self, command: Command) -> Output | None:
        """Do what `command` says; return its output, None for commands that give none (and no prompt)."""


@runtime_checkable
class LosesSettings(Protocol):
    """A simulated board that comes back from a power cut with other settings than before."""

    def power_cut(self) -> None:
        """Lose power and come back."""


B = TypeVar("B", bound=Executes)


class Cuts(Protocol):
    """Turns a stream of bytes into commands."""

    def feed(self, data: bytes) -> list[Command]:
        """Return the commands that `data` completes."""


class BoardServer(Generic[B]):
    """Serves a simulated board to any number of clients.

    Parameters
    ----------
    board
        The board.
    host
        Address to listen on.
    port
        Port to listen on; 0 takes a free one at the first start and keeps it.
    faults
        What is wrong from the start; change it later with `set_faults`.
    """

    cutter: Callable[[], Cuts] = CommandCutter

    def __init__(self, board: B, host: str = "127.0.0.1", port: int = 0, faults: Faults | None = None):
        self.board = board
        self.host = host
        self.port = port
        self.faults = Faults() if faults is None else faults
        self._server: asyncio.Server | None = None
        self._clients: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}
        self.connections = 0  # accepted since the start

    async def start(self) -> None:
        """Take the port and listen, unless the board is down from the start."""
        await self._listen()
        if self.faults.power_cut:
            await self._power_cut()
        if self.faults.down:
            await self.stop()

    async def stop(self) -> None:
        """Close the port and drop all clients."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._drop()

    async def _power_cut(self) -> None:
        await self._drop()
        board: object = self.board
        if isinstance(board, LosesSettings):
            board.power_cut()

    async def _drop(self) -> None:
        tasks = list(self._clients.values())
        for writer, task in list(self._clients.items()):
            reset(writer)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def set_faults(self, faults: Faults) -> None:
        """Switch to `faults`, from the next reply on; `down` and `power_cut` take effect at once."""
        was_down, cut = self.faults.down, faults.power_cut and not self.faults.power_cut
        self.faults = faults
        if cut:
            await self._power_cut()
        if faults.down and not was_down:
            await self.stop()
        elif was_down and not faults.down:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._clients[writer] = task
        self.connections += 1
        answering: asyncio.Task[None] | None = None
        cutter = self.cutter()
        try:
            if self.faults.banner:
                writer.write(_BANNER + PROMPT)
            while data := await reader.read(1024):
                for command in cutter.feed(data):
                    if answering is not None and not answering.done():
                        answering.cancel()  # the next command came too early: the reply is cut
                        await asyncio.gather(answering, return_exceptions=True)
                    output = self.board.execute(command)
                    if output is not None and not self.faults.mute:
                        answering = asyncio.create_task(self._answer(writer, command, output))
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client went, or the board is being switched off: both end this connection
        finally:
            if answering is not None:
                answering.cancel()
            self._clients.pop(writer, None)
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, command: Command, output: Output) -> None:
        faults = self.faults.on(command.channel)
        with contextlib.suppress(ConnectionError):
            if faults.flood:
                for block in flood():
                    writer.write(block)
                    await writer.drain()
                return
            data = reply(command, output, faults)
            half = len(data) // 2
            await asyncio.sleep(faults.latency_ms / 2000)
            await _send(writer, data[:half], faults.drip_seconds)
            if faults.reset:
                reset(writer)
                return
            if faults.latency_ms:
                await asyncio.sleep(faults.latency_ms / 2000)
            await _send(writer, data[half:], faults.drip_seconds)


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection with RST, as a board that lost power or crashed does."""
    connected: socket.socket | None = writer.get_extra_info("socket")
    if connected is not None and connected.fileno() >= 0:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _send(writer: asyncio.StreamWriter, data: bytes, drip_seconds: float) -> None:
    if not drip_seconds:
        writer.write(data)
        await writer.drain()
        return
    for byte in data:
        await asyncio.sleep(drip_seconds)
        writer.write(bytes((byte,)))
        await writer.drain()
