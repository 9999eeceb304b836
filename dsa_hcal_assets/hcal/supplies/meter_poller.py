"""Reading a source meter once a cycle, over a connection of its own each time.

A terminal server serves one client at a time: between two readings it is free for others.
"""

import asyncio
import contextlib
import math
import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.errors import PlatformError, TransientError
from dsa_hcal_assets.hcal.acquisition.connection import BoardUnreachable, ConnectionLost
from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.poller import BoardDeadline
from dsa_hcal_assets.hcal.acquisition.replies import ReplyTimeout, ReplyTooLong
from dsa_hcal_assets.hcal.controllers.readings import Status
from dsa_hcal_assets.hcal.supplies import meter_protocol
from dsa_hcal_assets.hcal.supplies.readings import CrateReading, SupplyChannel
from dsa_hcal_assets.hcal.supplies.units import Meter

_LOOK = "check the meter, its terminal server and who else uses it; it is asked again in the next cycle"
_Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class MeterPoller:
    """Reads one meter; `deadlines.reply` is for its answer, `deadlines.board` for everything."""

    def __init__(self, unit: Meter, deadlines: Deadlines, *, now: Callable[[], datetime] = utc_now) -> None:
        self.board = unit.board
        self._unit = unit
        self._deadlines = deadlines
        self._now = now

    async def poll(self) -> CrateReading:
        """Read voltage and current; never raises for what a meter or network does."""
        sampled_at: datetime | None = None
        values = (math.nan, math.nan)
        try:
            async with asyncio.timeout(self._deadlines.board), self._connected() as stream:
                await _drop_unasked(stream[0], self._deadlines.quiet)
                sampled_at = self._now()
                values = meter_protocol.parse_reading(await self._ask(*stream))
            meter_protocol.require_measured(*values)
        except TimeoutError:
            seconds = self._deadlines.board
            late = BoardDeadline(f"meter {self._unit.id}: not read within {seconds:g} s", remedy=_LOOK)
            return self._reading(sampled_at, values, late)
        except TransientError as error:
            return self._reading(sampled_at, values, error)
        return self._reading(sampled_at, values, None)

    def unread(self, error: PlatformError) -> CrateReading:
        """Return the reading of a cycle in which nothing was read, because of `error`."""
        return self._reading(None, (math.nan, math.nan), error)

    def close(self) -> None:
        """Nothing stays open between readings."""

    def _reading(
        self, sampled_at: datetime | None, values: tuple[float, float], error: PlatformError | None
    ) -> CrateReading:
        volts, amperes = (None if math.isnan(value) else value for value in values)
        measured = (volts, amperes) != (None, None)
        status: Status = "ok" if error is None else "partial" if measured else "down"
        return CrateReading(
            self._unit.id,
            "meter",
            status,
            sampled_at,
            None if error is None else error.as_record(),
            {} if error is None else {"reading": error.as_record()},
            channels=(SupplyChannel(0, 0, v_meas=volts, i_meas=amperes),) if measured else (),
        )

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[_Stream]:
        where = f"meter {self._unit.id} at {self._unit.host}:{self._unit.port}"
        try:
            async with asyncio.timeout(self._deadlines.connect):
                reader, writer = await asyncio.open_connection(self._unit.host, self._unit.port)
        except OSError as error:  # also TimeoutError
            raise BoardUnreachable(f"{where}: no connection", found=str(error), remedy=_LOOK) from error
        try:
            yield reader, writer
        finally:
            writer.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """Return the line of the reading."""
        name = f"meter {self._unit.id}"
        try:
            async with asyncio.timeout(self._deadlines.reply):
                for command in (meter_protocol.CHOOSE_ELEMENTS, meter_protocol.READ):
                    writer.write(meter_protocol.require_read_only(command))
                await writer.drain()
                return await _first_line(reader, name)
        except TimeoutError as error:
            seconds = self._deadlines.reply
            raise ReplyTimeout(f"{name}: no reading within {seconds:g} s", remedy=_LOOK) from error
        except OSError as error:
            raise ConnectionLost(f"{name}: connection lost", found=str(error), remedy=_LOOK) from error


async def _drop_unasked(reader: asyncio.StreamReader, quiet: float) -> None:
    """Read away what comes without being asked: an answer to the last reading that came too late."""
    with contextlib.suppress(TimeoutError, OSError):
        async with asyncio.timeout(quiet):
            while await reader.read(meter_protocol.LONGEST_REPLY):
                pass


async def _first_line(reader: asyncio.StreamReader, name: str) -> bytes:
    """Return the first line that is neither blank nor an echo."""
    buffer = b""
    while received := await reader.read(meter_protocol.LONGEST_REPLY):
        *lines, buffer = re.split(rb"[\r\n]", buffer + received)
        for line in lines:
            if line.strip() and not meter_protocol.is_echo(line):
                return line
        if len(buffer) > meter_protocol.LONGEST_REPLY:
            raise ReplyTooLong(f"{name}: no line end within {len(buffer)} bytes", found=repr(buffer[:60]))
    raise ConnectionLost(f"{name} closed the connection", remedy=_LOOK)
