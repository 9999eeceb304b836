"""All simulated controllers of the detector, in one event loop."""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.hcal.controllers.boards import Board
from dsa_hcal_assets.simulation.boards.board import SimulatedBoard
from dsa_hcal_assets.simulation.boards.faults import Faults, read_faults, require_known
from dsa_hcal_assets.simulation.boards.history import History, Troubles
from dsa_hcal_assets.simulation.boards.listening import Served
from dsa_hcal_assets.simulation.boards.physics import BOARDS
from dsa_hcal_assets.simulation.boards.server import B, BoardServer

T = TypeVar("T")
_log = logging.getLogger(__name__)
_CALL_SECONDS = 10.0


class ServedBoards(Served[BoardServer[B]]):
    """Simulated boards of any kind, each on its own port.

    Parameters
    ----------
    boards
        By id.
    host
        Address to listen on.
    port_base
        First port; 0: free ones.
    faults
        By board id.
    """

    def __init__(
        self,
        boards: Mapping[str, B],
        *,
        host: str = "127.0.0.1",
        port_base: int = 0,
        faults: Mapping[str, Faults] | None = None,
    ) -> None:
        faults = faults or {}
        require_known(faults, boards)
        self.servers = {
            id: BoardServer(board, host, port_base and port_base + index, faults.get(id))
            for index, (id, board) in enumerate(boards.items())
        }

    @property
    def boards(self) -> tuple[Board, ...]:
        """Where the boards listen, once started."""
        return tuple(Board(id, server.host, server.port) for id, server in self.servers.items())

    def board(self, id: str) -> B:
        """Return a board, to look at its truth and settings."""
        return self.servers[id].board

    async def follow_faults(self, path: Path, *, every: float = 0.5) -> None:
        """Apply the faults file at `path` whenever it changes, until cancelled.

        A file that cannot be read is logged and leaves the faults as they are.
        """
        applied: dict[str, Faults] = {}
        while True:
            try:
                wanted = read_faults(path)
                require_known(wanted, self.servers)
            except ConfigurationError as error:
                _log.error("%s", error)
            else:
                for id in wanted.keys() | applied.keys():
                    if wanted.get(id) != applied.get(id):
                        await self.set_faults(id, wanted.get(id, Faults()))
                applied = wanted
            await asyncio.sleep(every)


class Rack(ServedBoards[SimulatedBoard]):
    """Simulated controllers of the hadronic calorimeter.

    Parameters
    ----------
    seed
        Of the detector behind them.
    boards
        Ids, by default all 16.
    port_base
        First port; 0: free ones.
    faults
        By board id.
    now
        The time sensors are read at.
    troubles
        What happens to the detector over time; by default nothing.
    """

    def __init__(
        self,
        seed: int = 0,
        boards: Sequence[str] = BOARDS,
        *,
        host: str = "127.0.0.1",
        port_base: int = 0,
        faults: Mapping[str, Faults] | None = None,
        now: Callable[[], datetime] = utc_now,
        troubles: Troubles | None = None,
    ) -> None:
        self.history = History(seed, troubles)
        simulated = {id: SimulatedBoard(id, now=now, history=self.history) for id in boards}
        super().__init__(simulated, host=host, port_base=port_base, faults=faults)


class ThreadedRack(Generic[B]):
    """A running rack for code that has no event loop: its calls go to the rack's own thread."""

    def __init__(self, rack: ServedBoards[B], loop: asyncio.AbstractEventLoop) -> None:
        self.rack = rack
        self._loop = loop

    @property
    def boards(self) -> tuple[Board, ...]:
        """Where the boards listen."""
        return self.rack.boards

    def set_faults(self, id: str, faults: Faults) -> None:
        """Change what is wrong with one board."""
        self.call(self.rack.set_faults(id, faults))

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run `coroutine` in the rack's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_CALL_SECONDS)


@contextmanager
def rack_in_thread(rack: ServedBoards[B]) -> Iterator[ThreadedRack[B]]:
    """Run `rack` in a thread of its own while the context lasts."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulated boards", daemon=True)
    thread.start()
    running = ThreadedRack(rack, loop)
    try:
        running.call(rack.start())
        yield running
    finally:
        running.call(rack.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_CALL_SECONDS)
        loop.close()
