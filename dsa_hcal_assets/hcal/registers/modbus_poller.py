"""Everything read of one board over Modbus TCP in one cycle, whatever the board does."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.errors import PlatformError
from dsa_hcal_assets.hcal.acquisition.connection import BoardUnreachable, ConnectionLost
from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.poller import GIVE_UP_AFTER, BoardDeadline, BoardGivenUp
from dsa_hcal_assets.hcal.acquisition.replies import ReplyGarbled, ReplyTimeout
from dsa_hcal_assets.hcal.controllers.boards import Board
from dsa_hcal_assets.hcal.registers.collected import CollectedRegisters
from dsa_hcal_assets.hcal.registers.modbus import (
    HEADER,
    ModbusRequest,
    RegisterRefused,
    body_length,
    require_read_only,
)
from dsa_hcal_assets.hcal.registers.readings import BoardRegisters

_LOOK = "check power, network and address of the board; it is tried again in the next cycle"
_TRANSACTIONS = 1 << 16


class ModbusPoller:
    """Keeps the connection to one board and reads its due registers once a cycle (`cycle.Polls`).

    Parameters
    ----------
    board, deadlines
        The board and how long to wait for what.
    collect
        Makes what fills up in one cycle; it says what is asked.
    now
        The time samples are stamped with.
    """

    def __init__(
        self,
        board: Board,
        deadlines: Deadlines,
        collect: Callable[[], CollectedRegisters],
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.board = board
        self._deadlines = deadlines
        self._collect = collect
        self._now = now
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._transaction = 0

    async def poll(self) -> BoardRegisters:
        """Read the due registers; never raises for what a board or network does."""
        collected = self._collect()
        try:
            async with asyncio.timeout(self._deadlines.board):
                await self._read_all(collected)
        except TimeoutError:
            self.close()
            collected.fail_rest(
                BoardDeadline(f"board {self.board.id}: not read within {self._deadlines.board:g} s")
            )
        except asyncio.CancelledError:
            self.close()
            raise
        return collected.reading()

    def unread(self, error: PlatformError) -> BoardRegisters:
        """Return the reading of a cycle in which nothing was read, because of `error`."""
        collected = self._collect()
        collected.fail_rest(error)
        return collected.reading()

    def close(self) -> None:
        """Drop the connection, if any; the next reading connects anew."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def _read_all(self, collected: CollectedRegisters) -> None:
        unanswered = 0
        for request in collected.requests:
            try:
                collected.take(request, await self._ask(request, collected))
                unanswered = 0
            except RegisterRefused as error:
                collected.fail(request, error)
                unanswered = 0
            except (BoardUnreachable, ConnectionLost, ReplyGarbled, ReplyTimeout) as error:
                self.close()  # what still comes belongs to no question any more
                collected.fail(request, error)
                unanswered += 1
                if unanswered == GIVE_UP_AFTER or isinstance(error, BoardUnreachable):
                    given_up = f"board {self.board.id} given up in this cycle"
                    collected.fail_rest(BoardGivenUp(given_up, found=str(error)))
                    return

    async def _ask(self, request: ModbusRequest, collected: CollectedRegisters) -> bytes:
        kept = self._streams is not None
        try:
            return await self._ask_once(request, collected)
        except ConnectionLost:
            if not kept:
                raise
            # the board was restarted since it last answered: that is no failure of this reading
            self.close()
            return await self._ask_once(request, collected)

    async def _ask_once(self, request: ModbusRequest, collected: CollectedRegisters) -> bytes:
        reader, writer = await self._connected()
        collected.mark_sampled(self._now())
        self._transaction = (self._transaction + 1) % _TRANSACTIONS
        try:
            async with asyncio.timeout(self._deadlines.reply):
                writer.write(require_read_only(request.frame(self._transaction)))
                await writer.drain()
                header = await reader.readexactly(HEADER.size)
                return await reader.readexactly(body_length(header, request, self._transaction))
        except TimeoutError as error:
            raise ReplyTimeout(
                f"board {self.board.id}: no answer for {request} within {self._deadlines.reply:g} s",
                remedy=_LOOK,
            ) from error
        except (OSError, asyncio.IncompleteReadError) as error:
            raise ConnectionLost(f"board {self.board.id}: connection lost", found=str(error)) from error

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            where = f"board {self.board.id} at {self.board.host}:{self.board.port}"
            try:
                async with asyncio.timeout(self._deadlines.connect):
                    self._streams = await asyncio.open_connection(self.board.host, self.board.port)
            except TimeoutError as error:
                late = f"{where}: no answer within {self._deadlines.connect:g} s"
                raise BoardUnreachable(late, remedy=_LOOK) from error
            except OSError as error:
                raise BoardUnreachable(f"{where}: no connection", found=str(error), remedy=_LOOK) from error
        return self._streams
