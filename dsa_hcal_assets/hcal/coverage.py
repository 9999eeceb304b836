"""What the detector's record lacks: cycles that are missing, and boards missing from cycles.

Belongs here: finding gaps in what is loaded, from the acquisition's own count, its restarts and its
cadence. Not here: which values of a board that answered failed (hcal.board_reading), and what is
done about gaps (quality_metrics.py, anomalies/).
"""

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

import numpy as np
import pandas as pd

from dsa_hcal_assets.clock import require_utc, utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.days import bounds

_COLUMNS = {
    "start": "datetime64[us, UTC]",
    "end": "datetime64[us, UTC]",
    "board": "object",
    "reason": "str",
    "cycles": "int64",
}
CADENCE = timedelta(minutes=10)  # where fewer than two cycles are loaded, nothing else can be known
LATE = 1.5  # steps between two cycles beyond which there should have been one in between

# One more cycle on either side: a gap at the edge is judged like any other.
_CYCLES = """
(select cycle, sequence, acquisition_id from hcal.snapshot
 where cycle < %(start)s order by cycle desc limit 1)
union all
(select cycle, sequence, acquisition_id from hcal.snapshot
 where cycle >= %(start)s and cycle < %(end)s order by cycle)
union all
(select cycle, sequence, acquisition_id from hcal.snapshot where cycle >= %(end)s order by cycle limit 1)
"""
_UNREAD_BOARDS = """
select board, status, ts from hcal.board_reading
where ts >= %(first)s and ts <= %(last)s and status in ('down', 'absent') order by board, ts
"""
_WAITING = """
select sample_time, state from platform.arrival
where source = %(source)s and state <> 'loaded' and sample_time >= %(start)s and sample_time < %(end)s
order by sample_time
"""


class Reason(StrEnum):
    """Why there is nothing in the database for a time."""

    STOPPED = "acquisition down"
    LOST = "snapshot lost"
    QUARANTINED = "snapshot quarantined"
    PENDING = "snapshot not loaded"
    SKIPPED = "cycle skipped"
    DOWN = "board down"
    ABSENT = "board not polled"


@dataclass(frozen=True)
class _Cycle:
    start: datetime
    sequence: int
    acquisition_id: str


@dataclass(frozen=True)
class _Gap:
    start: datetime
    end: datetime
    board: str | None
    reason: Reason
    cycles: int

    def within(self, start: datetime, end: datetime) -> "_Gap":
        """Return what of it lies in an interval, with its share of the cycles."""
        left, right = max(self.start, start), min(self.end, end)
        share = max(right - left, timedelta(0)) / (self.end - self.start)
        cycles = self.cycles if share == 1 else max(1, round(self.cycles * share))
        return _Gap(left, right, self.board, self.reason, cycles)


def gaps(
    database: Database, start: datetime, end: datetime, *, cadence: timedelta | None = None
) -> pd.DataFrame:
    """Return what is missing from the detector's record between `start` and `end` (aware).

    A cycle is missing where the acquisition's count leaves out a number, where a step is longer than
    one and a half cadences, and where no acquisition ran. A board is missing from a cycle that is
    loaded when nothing of it was read; a gap of a board reaches over missing cycles in its middle.

    Parameters
    ----------
    cadence
        Time between cycles; None takes the median step of each acquisition.

    Returns
    -------
    pandas.DataFrame
        In order of time: `start` (when the first missing cycle was due), `end` (the next one that is
        there; both UTC, cut to the interval asked for), `board` (None: all), `reason` (`Reason`) and
        `cycles` (how many are missing by count or cadence).
    """
    start, end = require_utc(start), require_utc(end)
    window = {"start": start, "end": end, "source": CONTROLLERS.name}
    cycles = sorted((_Cycle(*row) for row in database.rows(_CYCLES, window)), key=lambda one: one.start)
    steps = _Steps(cycles, cadence)
    found = [*_missing_cycles(cycles, steps, start, end), *_missing_boards(database, cycles, steps)]
    found = [gap.within(start, end) for gap in found]
    found = sorted(
        (gap for gap in found if gap.start < gap.end), key=lambda gap: (gap.start, gap.board or "", gap.end)
    )
    waiting = database.rows(_WAITING, window) if any(gap.reason is Reason.LOST for gap in found) else []
    rows = [astuple(_explained(gap, waiting)) for gap in found]
    # as objects first: a column of names and None stays one
    return pd.DataFrame(rows, columns=list(_COLUMNS), dtype=object).astype(_COLUMNS)


def gaps_of_day(database: Database, day: str | date, now: datetime | None = None) -> pd.DataFrame:
    """Return the gaps of a UTC day, of one that goes on only until `now`; see `gaps`."""
    start, end = bounds(day)
    return gaps(database, start, max(start, min(end, now or utc_now())))


class _Steps:
    """Time between the cycles of each acquisition."""

    def __init__(self, cycles: list[_Cycle], given: timedelta | None) -> None:
        steps: dict[str, list[timedelta]] = {}
        for one, after in pairwise(cycles):
            if one.acquisition_id == after.acquisition_id and after.sequence == one.sequence + 1:
                steps.setdefault(one.acquisition_id, []).append(after.start - one.start)
        self._of = {name: given or _median(some) for name, some in steps.items()}
        self.usual = given or _median([step for some in steps.values() for step in some]) or CADENCE

    def of(self, cycle: _Cycle) -> timedelta:
        return self._of.get(cycle.acquisition_id) or self.usual


def _missing_cycles(cycles: list[_Cycle], steps: _Steps, start: datetime, end: datetime) -> Iterator[_Gap]:
    if not cycles or cycles[0].start >= end or cycles[-1].start < start:
        yield from _stopped(start, end, steps.usual)
        return
    if cycles[0].start >= start:
        yield from _before(start, cycles[0], steps.of(cycles[0]))
    for one, after in pairwise(cycles):
        yield from _between(one, after, steps)
    if cycles[-1].start < end:
        yield from _stopped(cycles[-1].start + steps.of(cycles[-1]), end, steps.of(cycles[-1]))


def _between(one: _Cycle, after: _Cycle, steps: _Steps) -> Iterator[_Gap]:
    step = steps.of(one)
    due = one.start + step
    if one.acquisition_id != after.acquisition_id:
        yield from _before(due, after, steps.of(after))
        return
    missing = after.sequence - one.sequence - 1
    if missing > 0:
        yield _Gap(due, after.start, None, Reason.LOST, missing)
    elif after.start - one.start > LATE * step:
        yield _Gap(due, after.start, None, Reason.SKIPPED, round((after.start - due) / step))


def _before(due: datetime, first: _Cycle, step: timedelta) -> Iterator[_Gap]:
    """Yield what lies between `due` and the first loaded cycle of an acquisition."""
    began = max(due, first.start - first.sequence * step)
    yield from _stopped(due, began, step)
    if first.sequence and began < first.start:
        yield _Gap(
            began, first.start, None, Reason.LOST, min(first.sequence, round((first.start - began) / step))
        )


def _stopped(start: datetime, end: datetime, step: timedelta) -> Iterator[_Gap]:
    if end - start > (LATE - 1) * step:
        yield _Gap(start, end, None, Reason.STOPPED, max(1, round((end - start) / step)))


def _missing_boards(database: Database, cycles: list[_Cycle], steps: _Steps) -> Iterator[_Gap]:
    if not cycles:
        return
    place = {cycle.start: number for number, cycle in enumerate(cycles)}
    rows = database.rows(_UNREAD_BOARDS, {"first": cycles[0].start, "last": cycles[-1].start})
    runs: list[tuple[str, str, list[int]]] = []
    for board, status, moment in rows:
        number = place[moment]
        if runs and runs[-1][:2] == (board, status) and runs[-1][2][-1] == number - 1:
            runs[-1][2].append(number)
        else:
            runs.append((board, status, [number]))
    for board, status, numbers in runs:
        first, last = cycles[numbers[0]], cycles[numbers[-1]]
        follower = numbers[-1] + 1
        back = cycles[follower].start if follower < len(cycles) else last.start + steps.of(last)
        reason = Reason.DOWN if status == "down" else Reason.ABSENT
        yield _Gap(first.start, back, board, reason, len(numbers))


def _explained(gap: _Gap, waiting: list[tuple[datetime, str]]) -> _Gap:
    """Return a gap of lost snapshots with the ledger's reason, if it has all of them."""
    states = [state for moment, state in waiting if gap.start <= moment < gap.end]
    if gap.reason is not Reason.LOST or len(states) < gap.cycles:
        return gap
    reason = Reason.QUARANTINED if "quarantined" in states else Reason.PENDING
    return _Gap(gap.start, gap.end, gap.board, reason, gap.cycles)


def _median(steps: list[timedelta]) -> timedelta | None:
    return timedelta(seconds=float(np.median([step.total_seconds() for step in steps]))) if steps else None
