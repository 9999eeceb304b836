"""Cycles start on a fixed monotonic grid; none overlaps the next, skipped ones are counted."""

import asyncio
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.daq.cadence import next_slot, sleep_until, slots


def run_cycles(durations, period=0.05):
    """Let cycles take `durations` seconds; return (slot, seconds after the first) of each start."""

    async def cycles():
        stop, began, starts = asyncio.Event(), None, []
        todo = iter(durations)
        async for slot in slots(period, stop):
            now = time.monotonic()
            began = now if began is None else began
            starts.append((slot, now - began))
            duration = next(todo, None)
            if duration is None:
                break
            await asyncio.sleep(duration)
        return starts

    return asyncio.run(cycles())


def test_the_first_cycle_starts_at_once_and_the_others_on_the_grid():
    starts = run_cycles([0.01, 0.03, 0.0], period=0.1)
    assert [slot.number for slot, _ in starts] == [0, 1, 2, 3]
    for slot, moment in starts:
        assert moment == pytest.approx(0.1 * slot.number, abs=0.08)
        assert moment >= 0.1 * slot.number - 0.005


def test_a_late_cycle_skips_slots_and_says_how_many():
    starts = run_cycles([0.25, 0.0], period=0.1)
    assert [(slot.number, slot.skipped) for slot, _ in starts][:2] == [(0, 0), (3, 2)]


def test_a_stop_ends_the_wait_at_once():
    async def waiting():
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, stop.set)
        began = time.monotonic()
        numbers = [slot.number async for slot in slots(60, stop)]
        return numbers, time.monotonic() - began

    numbers, seconds = asyncio.run(waiting())
    assert numbers == [0]
    assert seconds < 5


def test_a_wall_clock_that_is_set_moves_no_cycle(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert [slot.number for slot, _ in run_cycles([0.0, 0.0])] == [0, 1, 2]


def test_sleeping_until_a_past_moment_returns_at_once():
    asyncio.run(asyncio.wait_for(sleep_until(time.monotonic() - 1, asyncio.Event()), 1))


@given(st.floats(0, 1e6), st.floats(1e-3, 1e4), st.integers(0, 1000))
def test_the_next_slot_is_later_than_this_one_and_not_in_the_past(elapsed, period, current):
    slot = next_slot(elapsed, period, current)
    assert slot > current
    assert slot == current + 1 or slot == math.ceil(elapsed / period)
