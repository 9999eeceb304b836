"""A simulated source meter behind a terminal server: lines end with CR, one client at a time."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.boards.listening import TcpServer, reset
from dsa_hcal_assets.simulation.supplies.physics import BiasChannel

OVERFLOW, NOT_MEASURED = 9.9e37, 9.91e37
_STALE = b"+1.000000E+00,+1.000000E+00\r"
_GARBAGE = b"\x9c\x00\xfe,?\r"


class SimulatedMeter:
    """A source meter that biases one channel.

    Attributes
    ----------
    channel
        What it delivers; switch it, trip it, load it.
    commands
        Everything ever sent to it, for tests of what a client sends.
    """

    def __init__(self, *, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self.channel = BiasChannel(v_set=65.0, leakage=120e-6)
        self._elements = ["VOLT", "CURR", "RES", "TIME", "STAT"]
        self.commands: list[str] = []

    def truth(self, moment: datetime | None = None) -> tuple[float, float]:
        """Return voltage (V) and current (A) at `moment` (default: now)."""
        truth = self.channel.truth(self._now() if moment is None else moment)
        return truth.v_meas, truth.i_meas

    def execute(self, command: str) -> str | None:
        """Do what a command says; return its answer, None for those that give none."""
        self.commands.append(command)
        match command.upper().split(maxsplit=1):
            case [":FORM:ELEM", elements]:
                self._elements = elements.split(",")
            case [":READ?"] if self.channel.on:  # with the output off it only notes an error
                return self._reading()
            case ["*IDN?"]:
                return "KEITHLEY INSTRUMENTS INC.,MODEL 2400,SIMULATED,C30"
            case [":OUTP", state]:
                self.channel.switch(state in ("1", "ON"), self._now())
            case [":SOUR:VOLT:LEV", volts]:
                self.channel.set_voltage(float(volts), self._now())
        return None

    def _reading(self) -> str:
        volts, amperes = self.truth()
        values = {"VOLT": volts, "CURR": amperes, "RES": NOT_MEASURED, "TIME": 0.0, "STAT": 0.0}
        return ",".join(f"{values[element]:+.6E}" for element in self._elements)


class MeterServer(TcpServer):
    """Serves a `SimulatedMeter`.

    Of the boards' faults `down`, `mute`, `latency_ms`, `garbage`, `nan`, `echo`, `reset` and `banner` (a
    reading that came too late for whoever asked for it) mean something here.
    """

    def __init__(
        self, meter: SimulatedMeter, host: str = "127.0.0.1", port: int = 0, faults: Faults | None = None
    ) -> None:
        super().__init__(host, port, faults)
        self.meter = meter

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._clients) > 1:  # a terminal server has one line
            return
        if self.faults.banner:
            writer.write(_STALE)
        while True:
            command = (await reader.readuntil(b"\r")).strip().decode("latin-1")
            if command:
                await self._answer(command, writer)

    async def _answer(self, command: str, writer: asyncio.StreamWriter) -> None:
        if self.faults.echo:
            writer.write(command.encode("latin-1") + b"\r")
        answer = self.meter.execute(command)
        if answer is None or self.faults.mute:
            return
        await asyncio.sleep(self.faults.latency_ms / 1000)
        if self.faults.nan:
            answer = f"{NOT_MEASURED:+.6E},{answer.split(',')[1]}"
        data = _GARBAGE if self.faults.garbage else answer.encode("ascii") + b"\r"
        with contextlib.suppress(ConnectionError):
            if self.faults.reset:
                writer.write(data[:7])
                await writer.drain()
                reset(writer)
                return
            writer.write(data)
            await writer.drain()
