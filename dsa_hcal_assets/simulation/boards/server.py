"""One simulated controller on a TCP port."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar, runtime_checkable

from dsa_hcal_assets.simulation.boards.board import Output
from dsa_hcal_assets.simulation.boards.commands import Command, CommandCutter
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.boards.listening import TcpServer, reset
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


class BoardServer(TcpServer, Generic[B]):
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
        super().__init__(host, port, faults)
        self.board = board
        self.connections = 0  # accepted since the start

    async def start(self) -> None:
        """Take the port and listen, unless the board is down from the start."""
        await super().start()
        if self.faults.power_cut:
            await self._power_cut()

    async def _power_cut(self) -> None:
        await self._drop()
        board: object = self.board
        if isinstance(board, LosesSettings):
            board.power_cut()

    async def set_faults(self, faults: Faults) -> None:
        """Switch to `faults`, from the next reply on; `down` and `power_cut` take effect at once."""
        if faults.power_cut and not self.faults.power_cut:
            await self._power_cut()
        await super().set_faults(faults)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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
        finally:
            if answering is not None:
                answering.cancel()

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


async def _send(writer: asyncio.StreamWriter, data: bytes, drip_seconds: float) -> None:
    if not drip_seconds:
        writer.write(data)
        await writer.drain()
        return
    for byte in data:
        await asyncio.sleep(drip_seconds)
        writer.write(bytes((byte,)))
        await writer.drain()
