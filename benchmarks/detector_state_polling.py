"""A cycle of the whole detector against simulated boards that run in a process of their own."""

import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any

from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.poller import BoardPoller
from dsa_hcal_assets.hcal.controllers.boards import Board
from dsa_hcal_assets.hcal.controllers.readings import BoardReading
from dsa_hcal_assets.hcal.emcal.controllers import Controller
from dsa_hcal_assets.hcal.emcal.polling import emcal_boards
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.boards.physics import BOARDS
from dsa_hcal_assets.simulation.boards.rack import Rack, rack_in_thread
from dsa_hcal_assets.simulation.emcal.rack import EmcalRack

SLOW = Faults(latency_ms=20.0)
EMCAL_BOARDS = 384
CYCLES = {True: 3, False: 10}
_PATIENT = Deadlines(connect=10, reply=10, board=60)


@dataclass(frozen=True)
class Polled:
    """Wall seconds of a cycle (medians), and the HCal's over its slowest controller's alone."""

    seconds: dict[str, float]
    ratio: float


def measure(*, quick: bool) -> Polled:
    """Poll every controller alone, then all at the same time; then all boards of the EMCal."""
    with _simulated(_controllers) as boards:
        alone, together = asyncio.run(_hcal(boards, CYCLES[quick]))
    seconds = {"16_controllers": together, "slowest_controller_alone": alone}
    with _simulated(_emcal_apart) as boards:
        seconds["384_emcal_boards"] = asyncio.run(_emcal(boards, CYCLES[quick]))
    with _simulated(_emcal_together) as boards:
        seconds["384_emcal_boards_behind_64_addresses"] = asyncio.run(_emcal(boards, CYCLES[quick]))
    return Polled(seconds, together / alone)


@contextmanager
def _simulated(serve: Callable[[Connection], None]) -> Iterator[Any]:
    """Run boards whose replies take 20 ms in a process; yield where they listen."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("stop")
        process.join(10)


def _controllers(asked: Connection) -> None:
    with rack_in_thread(Rack(1, faults=dict.fromkeys(BOARDS, SLOW))) as running:
        asked.send(running.boards)
        asked.recv()


def _emcal_apart(asked: Connection) -> None:
    _serve_emcal(asked, apart=True)


def _emcal_together(asked: Connection) -> None:
    _serve_emcal(asked, apart=False)


def _serve_emcal(asked: Connection, *, apart: bool) -> None:
    rack = EmcalRack(1, apart=apart, usual=SLOW)
    with rack_in_thread(rack):
        asked.send(rack.controllers)
        asked.recv()


async def _hcal(boards: Sequence[Board], cycles: int) -> tuple[float, float]:
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


async def _emcal(controllers: Sequence[Controller], cycles: int) -> float:
    polled = emcal_boards(controllers, _PATIENT)
    taken = []
    try:
        for number in range(1 + cycles):  # the first one connects
            began = time.perf_counter()
            snapshot = await polled.take(datetime.now(UTC), number, "benchmark", -1)
            taken.append(time.perf_counter() - began)
            states = [board.status for board in snapshot.boards()]
            assert states == ["ok"] * EMCAL_BOARDS, snapshot
    finally:
        polled.close()
    return statistics.median(taken[1:])
