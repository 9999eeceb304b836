"""When cycles start: a fixed grid on the monotonic clock, no overlap, skipped slots counted.

A wall clock that is set, jumps or crosses a DST change moves no cycle.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Slot:
    """A start of the grid: its number from 0, and how many before it had to be skipped."""

    number: int
    skipped: int


async def slots(
    period: float, stop: asyncio.Event, *, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[Slot]:
    """Yield at each multiple of `period` seconds from now, the first at once, until `stop` is set.

    A slot that begins while the caller still works on an earlier one is skipped, not made up for:
    the next slot says how many were.
    """
    began = clock()
    number, skipped = 0, 0
    while not stop.is_set():
        yield Slot(number, skipped)
        ready = next_slot(clock() - began, period, number)
        skipped = ready - number - 1
        number = ready
        await sleep_until(began + number * period, stop, clock)


def next_slot(elapsed: float, period: float, current: int) -> int:
    """Return the first slot after `current` that has not begun `elapsed` seconds after slot 0."""
    return max(current + 1, math.ceil(elapsed / period))


async def sleep_until(
    moment: float, stop: asyncio.Event, clock: Callable[[], float] = time.monotonic
) -> None:
    """Sleep until `clock` reaches `moment` or `stop` is set."""
    while not stop.is_set() and (left := moment - clock()) > 0:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), timeout=left)
