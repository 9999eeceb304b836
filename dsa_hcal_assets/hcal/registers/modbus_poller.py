"""Everything read of one board over Modbus TCP in one cycle, whatever the board does."""

import asyncio
from typing import Any

from dsa_hcal_assets.hcal.acquisition.collecting import Collecting
from dsa_hcal_assets.hcal.acquisition.connection import LOOK, BoardUnreachable, ConnectionLost, open_streams
from dsa_hcal_assets.hcal.acquisition.poller import CyclePoller
from dsa_hcal_assets.hcal.acquisition.replies import ReplyGarbled, ReplyTimeout
from dsa_hcal_assets.hcal.registers.modbus import (
    HEADER,
    ModbusRequest,
    RegisterRefused,
    body_length,
    require_read_only,
)
from dsa_hcal_assets.hcal.registers.readings import BoardRegisters

_TRANSACTIONS = 1 << 16


class ModbusPoller(CyclePoller[BoardRegisters]):
    """Keeps the connection to one board and reads its due registers once a cycle."""

    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    _transaction = 0

    def close(self) -> None:
        """Drop the connection, if any; the next reading connects anew."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def _read_all(self, collected: Collecting[Any, BoardRegisters]) -> None:
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
                if self._give_up(collected, unanswered, error):
                    return

    async def _ask(self, request: ModbusRequest, collected: Collecting[Any, BoardRegisters]) -> bytes:
        kept = self._streams is not None
        try:
            return await self._ask_once(request, collected)
        except ConnectionLost:
            if not kept:
                raise
            # the board was restarted since it last answered: that is no failure of this reading
            self.close()
            return await self._ask_once(request, collected)

    async def _ask_once(self, request: ModbusRequest, collected: Collecting[Any, BoardRegisters]) -> bytes:
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
                remedy=LOOK,
            ) from error
        except (OSError, asyncio.IncompleteReadError) as error:
            raise ConnectionLost(f"board {self.board.id}: connection lost", found=str(error)) from error

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await open_streams(self.board, self._deadlines)
        return self._streams
