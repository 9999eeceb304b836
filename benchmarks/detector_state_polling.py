"""A cycle of the whole detector against simulated controllers that run in a process of their own."""

import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.poller import BoardPoller
from dsa_hcal_assets.hcal.controllers.boards import Board
from dsa_hcal_assets.hcal.controllers.readings import BoardReading
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.boards.physics import BOARDS
from dsa_hcal_assets.simulation.boards.rack import Rack, rack_in_thread

LATENCY_MS = 20.0
CYCLES = {True: 3, False: 10}


@dataclass(frozen=True)
class Polled:
    """Wall seconds of a cycle of all boards, and of the slowest board on its own (medians)."""

    seconds: dict[str, float]
    ratio: float


def measure(*, quick: bool) -> Polled:
    """Poll every board alone, then all of them at the same time, on connections kept open."""
    with controllers() as boards:
        alone, together = asyncio.run(_polled(boards, CYCLES[quick]))
    seconds = {"16_controllers": together, "slowest_controller_alone": alone}
    return Polled(seconds, together / alone)


@contextmanager
def controllers() -> Iterator[Sequence[Board]]:
    """Run 16 simulated controllers whose replies take `LATENCY_MS`."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("stop")
        process.join(10)


def _serve(asked: Connection) -> None:
    rack = Rack(1, faults=dict.fromkeys(BOARDS, Faults(latency_ms=LATENCY_MS)))
    with rack_in_thread(rack) as running:
        asked.send(running.boards)
        asked.recv()


async def _polled(boards: Sequence[Board], cycles: int) -> tuple[float, float]:
    pollers = [BoardPoller(board, Deadlines()) for board in boards]
    await _cycle(pollers)  # connects
    try:
        alone = [statistics.median([await _cycle([poller]) for _ in range(3)]) for poller in pollers]
        together = [await _cycle(pollers) for _ in range(cycles)]
    finally:
        for poller in pollers:
            poller.close()
    return max(alone), statistics.median(together)


async def _cycle(pollers: Sequence[BoardPoller]) -> float:
    began = time.perf_counter()
    readings: list[BoardReading] = await asyncio.gather(*(poller.poll() for poller in pollers))
    taken = time.perf_counter() - began
    assert {reading.status for reading in readings} == {"ok"}, [reading.error for reading in readings]
    return taken
