"""All simulated controllers of the electromagnetic calorimeter, in one event loop."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.hcal.emcal.assumed_map import controller_of_sector
from dsa_hcal_assets.hcal.emcal.controllers import CHANNELS, Controller
from dsa_hcal_assets.hcal.emcal.geometry import SECTORS, board_name
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.boards.rack import ServedBoards
from dsa_hcal_assets.simulation.emcal.controller import SimulatedController


class EmcalRack(ServedBoards[SimulatedController]):
    """Simulated interface boards, each sector's behind one port or each behind its own.

    Parameters
    ----------
    seed
        Of the detector behind them.
    sectors
        By default all 64.
    apart
        Whether each interface board has an address of its own (384 of them, named ``S08-3``).
    port_base
        First port; 0: free ones.
    usual
        What is wrong with all controllers that `faults` does not name: nothing, or their latency.
    faults
        By controller id.
    now
        The time sensors are read at.
    """

    def __init__(
        self,
        seed: int = 0,
        sectors: Sequence[int] = range(SECTORS),
        *,
        apart: bool = False,
        host: str = "127.0.0.1",
        port_base: int = 0,
        usual: Faults | None = None,
        faults: Mapping[str, Faults] | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        served = {sector: SimulatedController(sector, seed, now=now) for sector in sectors}
        self._channels: dict[str, list[int]] = {}
        boards: dict[str, SimulatedController] = {}
        for sector, controller in served.items():
            together = {controller_of_sector(sector): list(range(CHANNELS))}
            each = {board_name(sector, channel): [channel] for channel in range(CHANNELS)}
            self._channels |= each if apart else together
            boards |= dict.fromkeys(each if apart else together, controller)
        given = (dict.fromkeys(boards, usual) if usual else {}) | dict(faults or {})
        super().__init__(boards, host=host, port_base=port_base, faults=given)

    @property
    def controllers(self) -> tuple[Controller, ...]:
        """Where the controllers listen, once started."""
        return tuple(
            Controller(id=id, host=server.host, port=server.port, channels=self._channels[id])
            for id, server in self.servers.items()
        )
