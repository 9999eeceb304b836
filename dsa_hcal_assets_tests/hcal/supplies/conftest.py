"""Real sockets to simulated supplies: every test polls over UDP and TCP."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.hcal.supplies.loading import load_day
from dsa_hcal_assets.hcal.supplies.polling import PolledSupplies
from dsa_hcal_assets.hcal.supplies.readings import CrateReading, SupplySnapshot
from dsa_hcal_assets.hcal.supplies.snapshot import SUPPLIES
from dsa_hcal_assets.hcal.supplies.supply_map import load_supply_map
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.supplies.bench import IDS, SimulatedSupplies
from dsa_hcal_assets_tests.hcal.supplies.scene import DAY, NOW, land

# short enough for a fast suite, long enough for a machine that is busy with other things
DEADLINES = Deadlines(connect=1.0, reply=0.7, board=6.0, quiet=0.03, backoff=0.01)


async def poll_supplies(
    supplies: SimulatedSupplies,
    *,
    cycles: int = 1,
    deadlines: Deadlines = DEADLINES,
    between: Callable[[SimulatedSupplies], object] = lambda supplies: None,
) -> list[SupplySnapshot]:
    """Poll supplies that are started and stopped here; `between` happens after the first cycle."""
    await supplies.start()
    polled = PolledSupplies(supplies.units, deadlines)
    snapshots = []
    try:
        for number in range(cycles):
            if number == 1:
                happening = between(supplies)
                if asyncio.iscoroutine(happening):
                    await happening
            snapshots.append(await polled.take(NOW, number, "test", -1))
    finally:
        polled.close()
        await supplies.stop()
    return snapshots


@pytest.fixture
def poll():
    """Poll all supplies, some with faults; returns the snapshots and the supplies."""

    def poll(faults: Mapping[str, Faults] | None = None, *, prepare=lambda supplies: None, lv_every=1, **how):
        supplies = SimulatedSupplies(7, faults=faults, lv_every=lv_every, now=lambda: NOW)
        prepare(supplies)
        return asyncio.run(poll_supplies(supplies, **how)), supplies

    return poll


@pytest.fixture
def poll_faulty(poll):
    """Poll one faulty supply beside healthy ones, which must not notice; returns the faulty reading."""

    def poll_faulty(name: str, deadlines: Deadlines = DEADLINES, **faults) -> CrateReading:
        (snapshot,), _ = poll({name: Faults(**faults)}, deadlines=deadlines)
        readings = {reading.board: reading for reading in snapshot.boards}
        assert {other: readings[other].status for other in IDS if other != name} == {
            other: "ok" for other in IDS if other != name
        }
        return readings[name]

    return poll_faulty


@pytest.fixture
def incoming(tmp_path):
    return tmp_path / "incoming" / "supplies"


@pytest.fixture(scope="session")
def supply_map():
    return load_supply_map()


@pytest.fixture
def load(database, ledger, incoming, supply_map):
    """Land, accept and load snapshots of the scene's day; returns the report."""

    def load(*snapshots, everything=False, by=supply_map, run_id="run-1"):
        land(incoming, *snapshots)
        scan(incoming, ledger, SUPPLIES)
        return load_day(database, ledger, DAY, by, run_id, everything)

    return load
