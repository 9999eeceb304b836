"""All simulated supplies in one event loop: a bias crate, the low-voltage crate and a meter."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.daq.jobs.background_loop import BackgroundLoop
from dsa_hcal_assets.hcal.supplies.units import LvCrate, Meter, Mpod, Unit
from dsa_hcal_assets.simulation.boards.faults import Faults, require_known
from dsa_hcal_assets.simulation.boards.listening import Served
from dsa_hcal_assets.simulation.supplies.lv_crate import LvServer, SimulatedLvCrate
from dsa_hcal_assets.simulation.supplies.meter import MeterServer, SimulatedMeter
from dsa_hcal_assets.simulation.supplies.mpod import SimulatedMpod
from dsa_hcal_assets.simulation.supplies.mpod_agent import MpodAgent

MPOD, LV, METER = "mpod", "lv", "keithley"
IDS = (MPOD, LV, METER)


class SimulatedSupplies(Served[MpodAgent | LvServer | MeterServer]):
    """A bias crate `mpod`, a low-voltage crate `lv` and a meter `keithley`, each on its own port.

    Parameters
    ----------
    seed
        Of the detector behind them.
    host
        Address to listen on.
    port_base
        First port; 0: free ones.
    faults
        By id.
    lv_every
        The low-voltage crate is due in every n-th cycle of who polls.
    now
        The time they are read and switched at.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        host: str = "127.0.0.1",
        port_base: int = 0,
        faults: Mapping[str, Faults] | None = None,
        lv_every: int = 10,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        faults = faults or {}
        require_known(faults, IDS)
        ports = [port_base and port_base + number for number in range(len(IDS))]
        self.mpod = SimulatedMpod(seed, now=now)
        self.lv = SimulatedLvCrate(seed)
        self.meter = SimulatedMeter(now=now)
        self.servers = {
            MPOD: MpodAgent(self.mpod, host, ports[0], faults.get(MPOD)),
            LV: LvServer(self.lv, host, ports[1], faults.get(LV)),
            METER: MeterServer(self.meter, host, ports[2], faults.get(METER)),
        }
        self._lv_every = lv_every

    @property
    def units(self) -> tuple[Unit, ...]:
        """The list of supplies, once started."""
        mpod, lv, meter = (self.servers[name] for name in IDS)
        return (
            Mpod(id=MPOD, host=mpod.host, port=mpod.port),
            LvCrate(id=LV, host=lv.host, port=lv.port, every=self._lv_every),
            Meter(id=METER, host=meter.host, port=meter.port),
        )


@contextmanager
def supplies_in_thread(supplies: SimulatedSupplies) -> Iterator[BackgroundLoop]:
    """Run `supplies` in a thread of their own while the context lasts; gives the loop for calls to them."""
    with closing(BackgroundLoop("simulated supplies")) as loop:
        loop.call(supplies.start())
        try:
            yield loop
        finally:
            loop.call(supplies.stop())
