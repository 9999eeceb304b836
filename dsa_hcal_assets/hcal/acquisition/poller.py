"""Everything read from one board in one cycle, whatever the board does.

The commands of a board go strictly one after the other: a controller cuts its reply when the next
command comes too early. A reading that fails costs itself; two unanswered commands in a row end the
board for this cycle, so a hung board takes seconds and not forty time-outs.
"""

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.errors import DeadlineExceeded, PlatformError, TransientError
from dsa_hcal_assets.hcal.acquisition.collected import Collected
from dsa_hcal_assets.hcal.acquisition.collecting import Collecting, R
from dsa_hcal_assets.hcal.acquisition.connection import (
    BoardUnreachable,
    Connection,
    ConnectionLost,
    OutOfStep,
)
from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.read_commands import Gate, ReadCommand
from dsa_hcal_assets.hcal.acquisition.replies import ReplyGarbled, ReplyTimeout, ReplyTooLong
from dsa_hcal_assets.hcal.controllers.boards import Board
from dsa_hcal_assets.hcal.controllers.protocol import EVERY_CYCLE, Reading, require_read_only
from dsa_hcal_assets.hcal.controllers.readings import BoardReading

GIVE_UP_AFTER = 2  # unanswered commands in a row
CONNECT_ATTEMPTS = 3
_SETTLED = 0.005  # seconds: enough to read away what is already here


class BoardGivenUp(TransientError):
    """A board left commands unanswered; its other readings were not asked for."""


class BoardDeadline(DeadlineExceeded):
    """A board's time in the cycle was used up before all its readings were in."""


class CyclePoller(ABC, Generic[R]):
    """Reads one board once a cycle, within its deadline (`cycle.Polls`).

    Parameters
    ----------
    board
        The board and where it listens.
    deadlines
        How long to wait for what.
    collect
        Makes what fills up in one cycle; it says what is asked.
    now
        The time samples are stamped with.
    """

    def __init__(
        self,
        board: Board,
        deadlines: Deadlines,
        collect: Callable[[], Collecting[Any, R]],
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.board = board
        self._deadlines = deadlines
        self._collect = collect
        self._now = now

    async def poll(self) -> R:
        """Read all that is asked of the board; never raises for what a board or network does."""
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

    def unread(self, error: PlatformError) -> R:
        """Return the reading of a cycle in which nothing was read, because of `error`."""
        collected = self._collect()
        collected.fail_rest(error)
        return collected.reading()

    @abstractmethod
    def close(self) -> None:
        """Drop the connection, if any; the next reading connects anew."""

    @abstractmethod
    async def _read_all(self, collected: Collecting[Any, R]) -> None:
        """Ask for `collected.requests` one after the other."""

    def _give_up(self, collected: Collecting[Any, R], unanswered: int, error: PlatformError) -> bool:
        """Leave the rest unasked after too many unanswered commands; return whether it came to that."""
        if unanswered < GIVE_UP_AFTER and not isinstance(error, BoardUnreachable):
            return False
        collected.fail_rest(BoardGivenUp(f"board {self.board.id} given up in this cycle", found=str(error)))
        return True


class Poller(CyclePoller[R]):
    """Keeps the connection to one board that is asked by lines of text.

    Parameters
    ----------
    board, deadlines, collect, now
        As `CyclePoller`.
    gate
        The last look at bytes before they are sent: refuses all but read commands.
    """

    def __init__(
        self,
        board: Board,
        deadlines: Deadlines,
        collect: Callable[[], Collecting[Any, R]],
        gate: Gate,
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(board, deadlines, collect, now=now)
        self._gate = gate
        self._connection: Connection | None = None
        self._reconnects = 0
        self._proven = False  # whether the connection has answered in this cycle

    def close(self) -> None:
        """Drop the connection, if any; the next reading connects anew."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _read_all(self, collected: Collecting[Any, R]) -> None:
        self._reconnects = 0
        self._proven = False
        await self._settle(_SETTLED)  # what came on the kept connection since the last cycle
        unanswered = 0
        for request in collected.requests:
            try:
                reply = await self._ask(request, collected)
            except (BoardUnreachable, ConnectionLost, OutOfStep, ReplyTimeout, ReplyTooLong) as error:
                # the stream is out of step: a late reply would pass for the next one
                self.close()
                collected.fail(request, error)
                unanswered += 1
                if self._give_up(collected, unanswered, error):
                    return
                continue
            unanswered = 0
            try:
                collected.take(request, reply)
            except ReplyGarbled as error:
                collected.fail(request, error)
                await self._settle(self._deadlines.quiet)

    async def _ask(self, request: ReadCommand, collected: Collecting[Any, R]) -> bytes:
        reused = self._connection is not None and not self._proven
        try:
            return await self._ask_once(request, collected)
        except ConnectionLost:
            if not reused:
                raise
            # the board was restarted since the last cycle: that is no failure of this reading
            self.close()
            return await self._ask_once(request, collected)

    async def _ask_once(self, request: ReadCommand, collected: Collecting[Any, R]) -> bytes:
        connection = await self._connected()
        collected.mark_sampled(self._now())
        reply = await connection.ask(request)
        self._proven = True
        return reply

    async def _connected(self) -> Connection:
        loop = asyncio.get_running_loop()
        started = loop.time()
        attempt = 0
        while self._connection is None:
            attempt += 1
            await self._pause()
            try:
                self._connection = await Connection.open(self.board, self._deadlines, self._gate)
            except BoardUnreachable:
                if attempt == CONNECT_ATTEMPTS or loop.time() - started >= self._deadlines.connect:
                    raise
        return self._connection

    async def _pause(self) -> None:
        """Wait before all but the first connection of a cycle: longer each time, out of step with others."""
        if self._reconnects:
            longest = min(self._deadlines.backoff * 2 ** (self._reconnects - 1), self._deadlines.reply)
            await asyncio.sleep(longest * random.uniform(0.5, 1.0))
        self._reconnects += 1

    async def _settle(self, quiet: float) -> None:
        if self._connection is None:
            return
        try:
            await self._connection.settle(quiet)
        except (ConnectionLost, OutOfStep):
            self.close()


class BoardPoller(Poller[BoardReading]):
    """Keeps the connection to one controller of the hadronic calorimeter.

    Attributes
    ----------
    readings
        What the next cycle asks for.
    """

    def __init__(self, board: Board, deadlines: Deadlines, *, now: Callable[[], datetime] = utc_now) -> None:
        self.readings: Sequence[Reading] = EVERY_CYCLE
        super().__init__(
            board, deadlines, lambda: Collected(board.id, self.readings), require_read_only, now=now
        )
