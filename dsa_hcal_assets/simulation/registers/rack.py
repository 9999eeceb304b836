"""Simulated boards of one kind, each on its own port."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.hcal.controllers.boards import Board
from dsa_hcal_assets.hcal.registers.table import RegisterTable
from dsa_hcal_assets.simulation.boards.faults import Faults, require_known
from dsa_hcal_assets.simulation.boards.listening import Served
from dsa_hcal_assets.simulation.boards.server import BoardServer
from dsa_hcal_assets.simulation.registers.board import SimulatedRegisters
from dsa_hcal_assets.simulation.registers.cutter import LineCutter
from dsa_hcal_assets.simulation.registers.modbus_server import ModbusServer


class TextServer(BoardServer[SimulatedRegisters]):
    """Serves a board that is asked by lines of text; knows all `Faults`."""

    cutter = LineCutter


class RegisterRack(Served[TextServer | ModbusServer]):
    """Boards that have the registers of a table and speak its protocol.

    Parameters
    ----------
    table
        The table.
    boards
        Ids.
    seed
        Of the boards.
    port_base
        First port; 0: free ones.
    faults
        By board id.
    now
        The time registers are read at.
    """

    def __init__(
        self,
        table: RegisterTable,
        boards: Sequence[str],
        seed: int = 0,
        *,
        host: str = "127.0.0.1",
        port_base: int = 0,
        faults: Mapping[str, Faults] | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        faults = faults or {}
        require_known(faults, boards)
        self._simulated = {id: SimulatedRegisters(id, table, seed, now=now) for id in boards}
        servers: dict[str, TextServer | ModbusServer] = {}
        for index, (id, board) in enumerate(self._simulated.items()):
            port = port_base and port_base + index
            if table.protocol == "modbus":
                servers[id] = ModbusServer(board, host, port, faults.get(id))
            else:
                servers[id] = TextServer(board, host, port, faults.get(id))
        self.servers = servers

    @property
    def boards(self) -> tuple[Board, ...]:
        """Where the boards listen, once started."""
        return tuple(Board(id, server.host, server.port) for id, server in self.servers.items())

    def board(self, id: str) -> SimulatedRegisters:
        """Return a board, to look at its truth."""
        return self._simulated[id]
