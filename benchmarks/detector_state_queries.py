"""A year of towers in the table, and how long the questions take that users ask of it.

The rows are spread evenly over a year (50 million: a cycle every 32 minutes), so that a tower's year
is in the table at either size. They are made by COPY into each month before its key is built; then
every day is kept tower by tower, as the first rollup after its end does it.
"""

import io
import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from psycopg2.extensions import cursor as Cursor

from benchmarks.detector_state_scene import TOWERS
from dsa_hcal_assets.database.binary_copy import copy_bytes, postgres_time
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.towers import history
from dsa_hcal_assets.hcal.towers.tower_rows import COPY_COLUMNS, ROW

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
ZONE = ZoneInfo("America/New_York")  # of naive times in the compatibility views
SERVER = {"wal_level": "minimal", "max_wal_senders": "0", "maintenance_work_mem": "512MB"}
"""Settings while the table is filled and asked: nothing that decides how a query runs."""
_REPEATS = 20
_AT_ONCE = 48  # cycles a COPY
_ENTER = """
with entered as (
    insert into platform.arrival (source, name, subject, partition, digest, bytes, state, sample_time,
                                  loaded_at, run_id, incoming_path)
    select 'hcal', name, name, left(name, 10), name, 1, 'loaded', cycle, now(), 'benchmark', '/'
    from unnest(%s) cycle, cast(cycle as text) name order by cycle returning arrival_id, sample_time
)
insert into hcal.snapshot (cycle, arrival_id, sequence, acquisition_id, run_number, boards_ok, boards_partial,
                           boards_down, boards_absent, boards_unmapped, towers_read, map_digest, run_id)
select sample_time, arrival_id, row_number() over (order by sample_time) - 1, 'benchmark', -1, 16, 0, 0, 0, 0,
       3072, 'benchmark', 'benchmark' from entered
"""
_CREATE = "create table hcal.{} (like hcal.tower_reading including defaults including comments)"
_COPY = "copy hcal.{} ({}) from stdin (format binary, freeze)"


@dataclass(frozen=True)
class Asked:
    """What one question took, s: median and longest of its repeats, and the rows of one answer."""

    seconds: float
    longest: float
    rows: int


def fill(database: Database, rows: int) -> list[datetime]:
    """Fill a year with at least `rows` rows of towers; return the cycles."""
    count = -(-rows // TOWERS)
    cycles = [FIRST + number * YEAR / count for number in range(count)]
    cycles = [cycle.replace(microsecond=0) for cycle in cycles]
    for _, some in _months(cycles):
        with database.transaction() as cursor:
            _fill_month(cursor, some)
    with database.transaction() as cursor:
        _enter(cursor, cycles)
        cursor.execute("analyze hcal.snapshot")
    for day in sorted({cycle.date() for cycle in cycles}):
        history.keep(database, day)
    with database.transaction() as cursor:
        for table in ("tower_reading", "tower_history", "tower_history_day"):
            cursor.execute(f"analyze hcal.{table}")
    return cycles


def _months(cycles: list[datetime]) -> Iterator[tuple[int, list[datetime]]]:
    for month in range(1, 13):
        if some := [cycle for cycle in cycles if cycle.month == month]:
            yield month, some


def _fill_month(cursor: Cursor, cycles: list[datetime]) -> None:
    first = cycles[0].replace(day=1, hour=0, minute=0, second=0)
    after = (first + timedelta(days=32)).replace(day=1)
    name = f"tower_reading_{first:%Y_%m}"
    cursor.execute(
        f"create table hcal.{name} (like hcal.tower_reading including defaults including comments)"
    )
    for start in range(0, len(cycles), _AT_ONCE):
        wire = copy_bytes(_rows(cycles[start : start + _AT_ONCE]))
        cursor.copy_expert(_COPY.format(name, ", ".join(COPY_COLUMNS)), io.BytesIO(wire), 1 << 20)
    cursor.execute(f"alter table hcal.{name} add primary key (ts, tower_id)")
    cursor.execute(
        f"alter table hcal.tower_reading attach partition hcal.{name} for values from (%s) to (%s)",
        (first, after),
    )


def _rows(cycles: list[datetime]) -> Any:
    random_ = np.random.default_rng(postgres_time(cycles[0]))
    rows = np.zeros((len(cycles), TOWERS), ROW)
    rows["ts"] = np.array([postgres_time(cycle) for cycle in cycles])[:, np.newaxis]
    rows["tower_id"] = np.arange(TOWERS)
    rows["temperature"] = random_.normal(22.5, 0.5, rows.shape)
    rows["leakage"] = random_.normal(3, 0.5, rows.shape)
    rows["bias_offset"] = np.arange(TOWERS) - 1500
    rows["bias"], rows["lv_positive"], rows["lv_negative"] = 65.2, 6.4, -6.6
    rows["gain"] = b"normal"
    return rows.reshape(-1)


def _enter(cursor: Cursor, cycles: list[datetime]) -> None:
    """Enter the cycles and what the ledger would have of them."""
    cursor.execute(_ENTER, (cycles,))


def ask(database: Database, cycles: list[datetime]) -> dict[str, Asked]:
    """Ask every question many times, each time of another time or tower."""
    chosen = random.Random(1)
    return {name: _timed(database, question, cycles, chosen) for name, question in QUESTIONS.items()}


def _timed(database: Database, question: "Question", cycles: list[datetime], chosen: random.Random) -> Asked:
    taken: list[float] = []
    rows, repeats = 0, _REPEATS
    while len(taken) < repeats:
        moment, tower = chosen.choice(cycles), chosen.randrange(TOWERS)
        with database.transaction() as cursor:
            began = time.perf_counter()
            rows = question(cursor, moment, tower)
            taken.append(time.perf_counter() - began)
        if taken[0] > 2:
            repeats = 3  # what takes seconds need not be known to the millisecond
    return Asked(statistics.median(taken), max(taken), rows)


Question = Callable[[Cursor, datetime, int], int]


def _all_towers(cursor: Cursor, moment: datetime, _: int) -> int:
    cursor.execute("select tower_id, temperature from hcal.tower_reading where ts = %s", (moment,))
    return len(cursor.fetchall())


def _all_towers_all_quantities(cursor: Cursor, moment: datetime, _: int) -> int:
    cursor.execute("select * from hcal.tower_reading where ts = %s", (moment,))
    return len(cursor.fetchall())


def _one_tower_one_year(cursor: Cursor, _: datetime, tower: int) -> int:
    cursor.execute(
        "select ts, temperature from hcal.tower_series(%s::smallint, %s, %s)", (tower, FIRST, FIRST + YEAR)
    )
    return len(cursor.fetchall())


def _one_tower_one_year_by_cycle(cursor: Cursor, _: datetime, tower: int) -> int:
    cursor.execute(
        "select r.ts, r.temperature from hcal.snapshot s join hcal.tower_reading r on r.ts = s.cycle"
        " where r.tower_id = %s and s.cycle >= %s and s.cycle < %s",
        (tower, FIRST, FIRST + YEAR),
    )
    return len(cursor.fetchall())


def _nearest_by_function(cursor: Cursor, moment: datetime, _: int) -> int:
    cursor.execute("select hcal_heartbeat_time(%s)", (_local(moment),))
    [(nearest,)] = cursor.fetchall()
    return _temperatures(cursor, nearest)


def _unmodified_reconstruction(cursor: Cursor, moment: datetime, _: int) -> int:
    cursor.execute(
        "SELECT time FROM hcal_heartbeat ORDER BY ABS(EXTRACT(epoch FROM time)"  # noqa: S608
        f" - EXTRACT(epoch FROM '{_local(moment)}'::timestamp)) LIMIT 1;"
    )
    [(nearest,)] = cursor.fetchall()
    return _temperatures(cursor, nearest)


def _temperatures(cursor: Cursor, nearest: datetime) -> int:
    cursor.execute(f"SELECT towerid, temp FROM hcal_heartbeat WHERE time = '{nearest}' AND detector = 0")  # noqa: S608
    return len(cursor.fetchall())


def _local(moment: datetime) -> datetime:
    """Return a run's start between this cycle and the next, as the run list has it."""
    return (moment + timedelta(minutes=4)).astimezone(ZONE).replace(tzinfo=None)


QUESTIONS: dict[str, Question] = {
    "all towers at t": _all_towers,
    "all towers at t, all quantities": _all_towers_all_quantities,
    "one tower, one year": _one_tower_one_year,
    "one tower, one year, from the readings": _one_tower_one_year_by_cycle,
    "nearest to a run start, by our function": _nearest_by_function,
    "nearest to a run start, unmodified query": _unmodified_reconstruction,
}
