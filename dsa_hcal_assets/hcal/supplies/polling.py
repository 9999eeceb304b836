"""All supplies of a list polled into a directory, each when it is due."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.hcal.acquisition.cycle import poll_all
from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.polling import LONGEST_RETRY, Polling, polling
from dsa_hcal_assets.hcal.supplies.lv_poller import LvPoller
from dsa_hcal_assets.hcal.supplies.meter_poller import MeterPoller
from dsa_hcal_assets.hcal.supplies.mpod_poller import MpodPoller
from dsa_hcal_assets.hcal.supplies.readings import CrateReading, SupplySnapshot
from dsa_hcal_assets.hcal.supplies.snapshot import SUPPLIES
from dsa_hcal_assets.hcal.supplies.units import LvCrate, Meter, Mpod, Unit

SupplyPoller = LvPoller | MpodPoller | MeterPoller


class PolledSupplies:
    """Supplies with a poller each (`acquisition.polling.Polled`)."""

    def __init__(self, units: Sequence[Unit], deadlines: Deadlines) -> None:
        self._pollers = [(unit.every, poller_of(unit, deadlines)) for unit in units]

    async def take(
        self, cycle: datetime, sequence: int, acquisition_id: str, run_number: int
    ) -> SupplySnapshot:
        """Read all supplies that are due, in parallel; the others are not in the snapshot."""
        due = [poller for every, poller in self._pollers if sequence % every == 0]
        return SupplySnapshot(cycle, sequence, acquisition_id, run_number, await poll_all(due))

    def boards(self, snapshot: SupplySnapshot) -> Iterable[CrateReading]:
        """Return what the snapshot says of each supply."""
        return snapshot.boards

    def close(self) -> None:
        """Drop all connections."""
        for _, poller in self._pollers:
            poller.close()


def poller_of(unit: Unit, deadlines: Deadlines) -> SupplyPoller:
    """Return what reads `unit`."""
    match unit:
        case Mpod():
            return MpodPoller(unit, deadlines)
        case LvCrate():
            return LvPoller(unit, deadlines)
        case Meter():
            return MeterPoller(unit, deadlines)
    raise ConfigurationError(f"{unit.id}: no way to read a {type(unit).__name__}")


def supply_polling(
    units: Sequence[Unit],
    directory: Path,
    deadlines: Deadlines,
    unsaved_limit: int = 500,
    retry_seconds: float = LONGEST_RETRY,
) -> AbstractAsyncContextManager[Polling[SupplySnapshot]]:
    """Be the one that polls `units` into `directory`; see `acquisition.polling.polling`."""
    return polling(SUPPLIES, PolledSupplies(units, deadlines), directory, unsaved_limit, retry_seconds)
