"""One persistent connection to one controller: a whitelisted command out, its reply back, in time."""

import asyncio
import contextlib
import logging
import socket

from dsa_hcal_assets.errors import TransientError
from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.read_commands import TERMINATOR, Gate, ReadCommand
from dsa_hcal_assets.hcal.acquisition.replies import ReplyBuffer, ReplyTimeout
from dsa_hcal_assets.hcal.acquisition.telnet import TelnetFilter
from dsa_hcal_assets.hcal.controllers.boards import Board
from dsa_hcal_assets.hcal.controllers.protocol import require_read_only

_log = logging.getLogger(__name__)
LOOK = "check power, network and address of the board; it is tried again in the next cycle"
_CHUNK = 4096
_LONGEST_TALK = 1.0  # seconds a board may go on talking before the connection is given up as out of step


class BoardUnreachable(TransientError):
    """No connection to a board could be made."""


class ConnectionLost(TransientError):
    """A board closed or reset the connection."""


class OutOfStep(TransientError):
    """A board keeps talking without having been asked: its replies cannot be assigned."""


async def open_streams(
    board: Board, deadlines: Deadlines
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to a board.

    Raises
    ------
    BoardUnreachable
        If it refuses or does not answer in time.
    """
    where = f"board {board.id} at {board.host}:{board.port}"
    try:
        async with asyncio.timeout(deadlines.connect):
            return await asyncio.open_connection(board.host, board.port, limit=_CHUNK)
    except TimeoutError as error:
        raise BoardUnreachable(f"{where}: no answer within {deadlines.connect:g} s", remedy=LOOK) from error
    except OSError as error:
        raise BoardUnreachable(f"{where}: no connection", found=str(error), remedy=LOOK) from error


class Connection:
    """A connection on which one command at a time is asked and answered.

    Any error but a parse error leaves the stream out of step: close it and connect anew.
    """

    def __init__(
        self,
        board: Board,
        deadlines: Deadlines,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        gate: Gate = require_read_only,
    ) -> None:
        self._board = board
        self._deadlines = deadlines
        self._reader = reader
        self._writer = writer
        self._gate = gate
        self._telnet = TelnetFilter()

    @classmethod
    async def open(cls, board: Board, deadlines: Deadlines, gate: Gate = require_read_only) -> "Connection":
        """Connect and bring the board into step.

        Two empty lines, which yield no reply, end whatever an earlier client left half typed; what
        the board says of itself (a banner, telnet options, an old prompt) is read away.

        Raises
        ------
        BoardUnreachable, ConnectionLost, OutOfStep
        """
        reader, writer = await open_streams(board, deadlines)
        connection = cls(board, deadlines, reader, writer, gate)
        try:
            _keep_alive(writer)
            await connection._send(TERMINATOR * 2)
            await connection.settle(deadlines.quiet)
        except BaseException:
            connection.close()
            raise
        return connection

    async def ask(self, request: ReadCommand) -> bytes:
        """Send one read command and return its reply, prompt included.

        Raises
        ------
        ReplyTimeout, ReplyTooLong, ConnectionLost
        """
        buffer = ReplyBuffer(request)
        try:
            async with asyncio.timeout(self._deadlines.reply):
                await self._send(self._gate(request.wire))
                while not buffer.complete:
                    if not buffer.perhaps_complete:
                        buffer.feed(await self._receive())
                    elif (more := await self._heard_within(self._deadlines.quiet)) is None:
                        break
                    else:
                        buffer.feed(more)
        except TimeoutError as error:
            raise ReplyTimeout(
                f"board {self._board.id}: no complete reply for {request} within {self._deadlines.reply:g} s",
                found=f"{len(buffer.reply)} bytes",
                remedy=LOOK,
            ) from error
        return buffer.reply

    async def settle(self, quiet: float) -> None:
        """Read away what the board says unasked, until it was silent for `quiet` seconds.

        Raises
        ------
        OutOfStep
            If it does not fall quiet.
        ConnectionLost
            If it closes the connection.
        """
        try:
            async with asyncio.timeout(_LONGEST_TALK + quiet):
                while (data := await self._heard_within(quiet)) is not None:
                    _log.debug("board %s said unasked: %r", self._board.id, data[:60])
        except TimeoutError as error:
            raise OutOfStep(f"board {self._board.id} keeps talking unasked", remedy=LOOK) from error

    def close(self) -> None:
        """Drop the connection at once; unsent bytes are of no use to anyone."""
        self._writer.transport.abort()

    async def _heard_within(self, seconds: float) -> bytes | None:
        """Return the next bytes, or None when there was silence for that long."""
        # A loop that was held up finds the time over and bytes waiting at once: the second look, which
        # takes no time, gets them. Bytes missed here would pass for the next command's reply.
        for wait in (seconds, 0.0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    return await self._receive()
        return None

    async def _receive(self) -> bytes:
        """Return the next plain bytes (perhaps none, after pure telnet negotiation)."""
        try:
            received = await self._reader.read(_CHUNK)
        except OSError as error:
            raise ConnectionLost(f"board {self._board.id}: connection lost", found=str(error)) from error
        if not received:
            raise ConnectionLost(f"board {self._board.id} closed the connection")
        data, refusals = self._telnet.feed(received)
        if refusals:
            await self._send(refusals)
        return data

    async def _send(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise ConnectionLost(f"board {self._board.id}: connection lost", found=str(error)) from error


# seconds idle, seconds between probes, probes: a board that lost power is noticed between cycles
_KEEPALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPALIVE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    connected: socket.socket | None = writer.get_extra_info("socket")
    if connected is None:
        return
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        # names differ between systems; keepalive with the system's own times is better than none
        if hasattr(socket, name):
            with contextlib.suppress(OSError):
                connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
