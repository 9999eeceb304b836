"""Real sockets to simulated boards: every test polls over TCP."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from dsa_hcal_assets.hcal.acquisition.cycle import poll_cycle
from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.poller import BoardPoller
from dsa_hcal_assets.hcal.controllers.readings import BoardReading, Snapshot
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.boards.rack import Rack

NOW = datetime(2026, 11, 21, 1, 22, 33, tzinfo=UTC)
# short enough for a fast suite, long enough for a machine that is busy with other things
DEADLINES = Deadlines(connect=1.0, reply=0.5, board=5.0, quiet=0.03, backoff=0.01)


async def poll_rack(
    rack: Rack,
    *,
    cycles: int = 1,
    deadlines: Deadlines = DEADLINES,
    between: Mapping[str, Faults] | None = None,
) -> list[Snapshot]:
    """Poll a rack that is started and stopped here; `between` sets faults after the first cycle."""
    await rack.start()
    pollers = [BoardPoller(board, deadlines) for board in rack.boards]
    snapshots = []
    try:
        for number in range(cycles):
            if number == 1:
                for board, faults in (between or {}).items():
                    await rack.set_faults(board, faults)
            snapshots.append(await poll_cycle(pollers, cycle=NOW, sequence=number, acquisition_id="test"))
    finally:
        for poller in pollers:
            poller.close()
        await rack.stop()
    return snapshots


@pytest.fixture
def poll():
    """Poll some boards of a new rack, some with faults; returns the snapshots and the rack."""

    def poll(boards: Sequence[str] = ("80", "84"), faults: Mapping[str, Faults] | None = None, **how):
        rack = Rack(7, boards, faults=faults, now=lambda: NOW)
        return asyncio.run(poll_rack(rack, **how)), rack

    return poll


@pytest.fixture
def poll_faulty(poll):
    """Poll one faulty board beside a healthy one, which must not notice; returns the faulty reading."""

    def poll_faulty(**faults) -> BoardReading:
        (snapshot,), _ = poll(faults={"80": Faults(**faults)})
        faulty, healthy = snapshot.boards
        assert (healthy.board, healthy.status) == ("84", "ok")
        return faulty

    return poll_faulty
