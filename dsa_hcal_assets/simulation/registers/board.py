"""A simulated board whose registers show what its table calls normal, drifting with time."""

import math
from collections.abc import Callable
from datetime import UTC, datetime

from dsa_hcal_assets.clock import require_utc, utc_now
from dsa_hcal_assets.hcal.registers.table import BitField, Register, RegisterTable
from dsa_hcal_assets.hcal.registers.text_protocol import TextRequest
from dsa_hcal_assets.simulation.boards.board import Output
from dsa_hcal_assets.simulation.boards.commands import Command
from dsa_hcal_assets.simulation.boards.physics import generator

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_DAY = 86400.0


class SimulatedRegisters:
    """One board.

    Parameters
    ----------
    id
        Of the board.
    table
        What registers it has.
    seed
        Of all boards.
    now
        The time the registers are read at.
    """

    def __init__(
        self, id: str, table: RegisterTable, seed: int = 0, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self.id = id
        self.table = table
        self._seed = seed
        self._now = now
        self._by_text = {TextRequest.of(one).text: one for one in table.register_ if table.protocol == "text"}
        self.forced: dict[str, int] = {}  # registers that show these bits, whatever the time
        self.asked: list[str] = []  # everything ever asked, for tests of what a client sends

    def raw(self, name: str, moment: datetime | None = None) -> int:
        """Return the bits a register shows at `moment` (default: now)."""
        if name in self.forced:
            return self.forced[name]
        register = self.table.registers[name]
        return _raw(register, self._seed, self.id, self._now() if moment is None else moment)

    def execute(self, command: Command) -> Output | None:
        """Answer a question for a register; anything else has no output (and no prompt)."""
        self.asked.append(command.text)
        register = self._by_text.get(command.text)
        return None if register is None else Output((f"0x{self.raw(register.name):X}",))


def _raw(register: Register, seed: int, board: str, moment: datetime) -> int:
    random = generator(seed, "registers", board, register.name)
    raw = 0
    if register.field:
        for one in register.field:
            raw |= _field(one, float(random.random())) << one.bits[0]
        return raw
    low, high = register.valid or (0.0, 1.0)
    days = (require_utc(moment) - _EPOCH).total_seconds() / _DAY
    phase = float(random.uniform(0, 2 * math.pi))
    swing = 0.2 * math.sin(phase) + 0.1 * math.sin(2 * math.pi * days + phase)
    value = (low + high) / 2 + (high - low) * swing
    number = round((value - register.offset) / register.scale)
    least = -(1 << (register.width - 1)) if register.signed else 0
    return max(least, min(number, least + (1 << register.width) - 1)) % (1 << register.width)


def _field(one: BitField, chance: float) -> int:
    if one.expected:
        return one.expected[int(chance * len(one.expected))]
    return int(chance * (1 << (one.bits[1] - one.bits[0] + 1)))
