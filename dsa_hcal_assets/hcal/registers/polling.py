"""Polling the registers of boards: those that are due, all boards at the same time."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.hcal.acquisition.cycle import Polls, poll_all
from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.poller import Poller
from dsa_hcal_assets.hcal.acquisition.polling import Polling, polling
from dsa_hcal_assets.hcal.controllers.boards import Board
from dsa_hcal_assets.hcal.registers import modbus, text_protocol
from dsa_hcal_assets.hcal.registers.collected import CollectedRegisters
from dsa_hcal_assets.hcal.registers.modbus import ModbusRequest
from dsa_hcal_assets.hcal.registers.modbus_poller import ModbusPoller
from dsa_hcal_assets.hcal.registers.readings import BoardRegisters, RegisterSnapshot
from dsa_hcal_assets.hcal.registers.snapshot import REGISTERS
from dsa_hcal_assets.hcal.registers.table import RegisterTable
from dsa_hcal_assets.hcal.registers.text_protocol import TextRequest


@dataclass(frozen=True)
class Group:
    """Boards of one kind, and the table of their registers."""

    boards: Sequence[Board]
    table: RegisterTable


class PolledRegisters:
    """Boards with a poller each (`acquisition.polling.Polled`); makes no connection yet.

    Raises
    ------
    ConfigurationError
        If a kind or a board is in two groups.
    """

    def __init__(self, groups: Sequence[Group], deadlines: Deadlines) -> None:
        self._tables = tuple(group.table for group in groups)
        _require_unique("kind", [table.kind for table in self._tables])
        _require_unique("board", [board.id for group in groups for board in group.boards])
        self._sequence = 0
        self._pollers = [
            self._poller(board, group.table, deadlines) for group in groups for board in group.boards
        ]

    async def take(
        self, cycle: datetime, sequence: int, acquisition_id: str, run_number: int
    ) -> RegisterSnapshot:
        """Read the registers that are due in the `sequence`-th cycle, of all boards in parallel."""
        self._sequence = sequence
        boards = await poll_all(self._pollers)
        return RegisterSnapshot(cycle, sequence, acquisition_id, run_number, self._tables, boards)

    def boards(self, snapshot: RegisterSnapshot) -> Iterable[BoardRegisters]:
        """Return what the snapshot says of each board."""
        return snapshot.boards

    def close(self) -> None:
        """Drop all connections."""
        for poller in self._pollers:
            poller.close()

    def _poller(self, board: Board, table: RegisterTable, deadlines: Deadlines) -> Polls[BoardRegisters]:
        if table.protocol == "modbus":
            return ModbusPoller(board, deadlines, lambda: self._modbus(board, table))
        return Poller(board, deadlines, lambda: self._text(board, table), text_protocol.gate(table))

    def _text(self, board: Board, table: RegisterTable) -> CollectedRegisters:
        requests = [TextRequest.of(register) for register in table.due(self._sequence)]
        return CollectedRegisters(board.id, table.kind, requests, text_protocol.parse_raw)

    def _modbus(self, board: Board, table: RegisterTable) -> CollectedRegisters:
        requests = [ModbusRequest.of(table, register) for register in table.due(self._sequence)]
        return CollectedRegisters(board.id, table.kind, requests, modbus.parse_raw)


def register_polling(
    groups: Sequence[Group], directory: Path, deadlines: Deadlines, unsaved_limit: int = 500
) -> AbstractAsyncContextManager[Polling[RegisterSnapshot]]:
    """Be the one that polls registers into `directory`; see `acquisition.polling.polling`."""
    return polling(REGISTERS, PolledRegisters(groups, deadlines), directory, unsaved_limit)


def _require_unique(what: str, values: Sequence[str]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise ConfigurationError(f"{what} {value} is in {values.count(value)} groups of register boards")
