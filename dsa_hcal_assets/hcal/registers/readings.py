"""What one acquisition cycle saw of boards' registers: raw bits and, with the table, what they mean."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.hcal.controllers.readings import Record, Status
from dsa_hcal_assets.hcal.registers.table import RegisterTable
from dsa_hcal_assets.hcal.snapshots.cycle import AcquisitionCycle, require_each_once


@dataclass(frozen=True)
class Value:
    """What a register, or a bit field of one (``status.pll_locked``), showed.

    Parameters
    ----------
    raw
        Its bits as an unsigned number.
    value
        In the register's unit; of a field its bits.
    ok
        Whether it is within its limits, None where it has none.
    """

    name: str
    raw: int
    value: float
    ok: bool | None


@dataclass(frozen=True)
class BoardRegisters:
    """Registers of one board in one cycle.

    Parameters
    ----------
    board
        The board's id in the boards configuration.
    kind
        Kind of board: names the table that describes its registers.
    sampled_at
        Aware UTC time at which the first register was asked for, None when the board was not reached.
    raw
        Bits as an unsigned number, by name of the register, in the order they were read.
    errors
        By name of the register: why it was not read, as a flat record.
    """

    board: str
    kind: str
    sampled_at: datetime | None
    raw: Mapping[str, int]
    errors: Mapping[str, Record] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.sampled_at is not None:
            object.__setattr__(self, "sampled_at", require_utc(self.sampled_at))
        if both := set(self.raw) & set(self.errors):
            raise ValueError(f"registers {sorted(both)} were read and failed")

    @property
    def status(self) -> Status:
        """Return "ok": everything read; "partial": some failed; "down": none succeeded."""
        if not self.errors:
            return "ok"
        return "partial" if self.raw else "down"

    @property
    def error(self) -> Record | None:
        """The first of the errors."""
        return next(iter(self.errors.values()), None)

    def values(self, table: RegisterTable) -> Iterator[Value]:
        """Yield what the registers and their bit fields showed."""
        registers = table.registers
        for name, raw in self.raw.items():
            register = registers[name]
            value = register.value(raw)
            limits = register.valid
            yield Value(name, raw, value, None if limits is None else limits[0] <= value <= limits[1])
            for one in register.field:
                bits = one.of(raw)
                ok = None if one.expected is None else bits in one.expected
                yield Value(f"{name}.{one.name}", bits, float(bits), ok)


@dataclass(frozen=True, eq=False)
class RegisterSnapshot(AcquisitionCycle):
    """Everything one acquisition cycle read, each board once, with the tables it was read by."""

    tables: tuple[RegisterTable, ...]
    boards: tuple[BoardRegisters, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        require_each_once("boards", [one.board for one in self.boards])
        kinds = [table.kind for table in self.tables]
        if len(kinds) != len(set(kinds)):
            raise ValueError(f"tables of kinds {kinds}: one for each kind of board")
        for board in self.boards:
            registers = self.table_of(board).registers
            if unknown := {*board.raw, *board.errors} - set(registers):
                raise ValueError(f"registers {sorted(unknown)} of board {board.board} are not in its table")
            for name, raw in board.raw.items():
                if not 0 <= raw < 1 << registers[name].width:
                    raise ValueError(f"register {name} of board {board.board}: {raw} does not fit into it")

    def table_of(self, board: BoardRegisters) -> RegisterTable:
        """Return the table that describes a board's registers; KeyError for an unknown kind."""
        return {table.kind: table for table in self.tables}[board.kind]
