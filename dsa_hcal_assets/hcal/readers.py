"""Detector state as pandas frames: the questions people ask, each one bounded query.

Belongs here: reading. Not here: judging what was read (quality_metrics.py) or drawing it (maps.py).
All times are aware UTC; intervals are half-open [start, end).
"""

from datetime import date, datetime, timedelta
from typing import Any, Literal

import pandas as pd
from psycopg2 import sql

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import PermanentError
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.hcal.towers.tower_rows import REALS

Rollup = Literal["half_sector_hour", "half_sector_day", "sector_hour", "sector_day"]
TOWER_COLUMNS = [
    "tower_id",
    "detector",
    "towerid",
    "sector",
    "half",
    "ieta",
    "iphi",
    "sector_id",
    "half_sector",
]
READING_COLUMNS = [*REALS, "gain"]

_STATE = """
select t.tower_id, t.detector, t.towerid, t.sector, t.half, t.ieta, t.iphi, t.sector_id, t.half_sector,
       r.temperature, r.leakage, r.bias_offset, r.bias, r.lv_positive, r.lv_negative, r.gain::text
from hcal.tower t left join hcal.tower_reading r on r.tower_id = t.tower_id and r.ts = %s
order by t.tower_id
"""
# through the snapshots: one seek in the key (ts, tower_id) a cycle, on any server version
_SERIES = """
select s.cycle, r.temperature, r.leakage, r.bias_offset, r.bias, r.lv_positive, r.lv_negative, r.gain::text
from hcal.snapshot s
left join lateral (
    select * from hcal.tower_reading r where r.ts = s.cycle and r.tower_id = %s limit 1
) r on true
where s.cycle >= %s and s.cycle < %s
order by s.cycle
"""
_TOWERS_OF_DAY = """
select t.tower_id, t.detector, t.towerid, t.sector, t.half, t.ieta, t.iphi, t.sector_id, t.half_sector,
       coalesce(d.n, 0), d.temperature, d.temperature_min, d.temperature_max,
       d.leakage, d.leakage_max, d.bias_offset
from hcal.tower t left join (
    select tower_id, count(temperature) as n, avg(temperature) as temperature,
           min(temperature) as temperature_min, max(temperature) as temperature_max,
           avg(leakage) as leakage, max(leakage) as leakage_max, avg(bias_offset) as bias_offset
    from hcal.tower_reading where ts >= %s and ts < %s group by tower_id
) d using (tower_id)
order by t.tower_id
"""
_SNAPSHOTS = """
select cycle, sequence, acquisition_id, run_number, boards_ok, boards_partial, boards_down, boards_absent,
       boards_unmapped, towers_read, level
from hcal.snapshot where cycle >= %s and cycle < %s order by cycle
"""
_BOARDS = """
select ts, board, status, sampled_at, failed_readings,
       coalesce(error ->> 'what', (select value::text from jsonb_each(error -> 'channels') limit 1), '')
from hcal.board_reading where ts >= %s and ts < %s order by ts, board
"""
_ROLLUP_SERIES = sql.SQL("""
select bucket, n, mean, std, min, max from {table}
where {unit} = %s and quantity = %s::hcal.quantity and bucket >= %s and bucket < %s order by bucket
""")
_ROLLUP_OF_DAY = sql.SQL("""
select bucket, {unit}, quantity::text, n, mean, std, min, max from {table}
where bucket >= %s and bucket < %s order by bucket, {unit}, quantity
""")


class NoState(PermanentError):
    """No snapshot was loaded near the time that was asked for."""


def state_at(
    database: Database, moment: datetime, *, max_age: timedelta = timedelta(hours=1)
) -> pd.DataFrame:
    """Return the state of all 3072 towers in the snapshot nearest to `moment`.

    Returns
    -------
    pandas.DataFrame
        One row a tower in order of `tower_id`; identity columns, the readings (NaN: not read) and
        `gain`. ``frame.attrs["cycle"]`` is the time of the snapshot (ISO).

    Raises
    ------
    NoState
        If no snapshot lies within `max_age` before or after `moment`.
    """
    cycle = cycle_near(database, moment, max_age=max_age)
    rows = database.rows(_STATE, (cycle,))
    frame = frame_of(rows, [*TOWER_COLUMNS, *READING_COLUMNS], reals=REALS)
    frame.attrs["cycle"] = cycle.isoformat()
    return frame


def cycle_near(
    database: Database, moment: datetime | None = None, *, max_age: timedelta = timedelta(hours=1)
) -> datetime:
    """Return the loaded cycle nearest to `moment`, at most `max_age` away; None: the newest of all.

    Raises
    ------
    NoState
        If there is none.
    """
    if moment is None:
        [(cycle,)] = database.rows("select max(cycle) from hcal.snapshot")
    else:
        moment = require_utc(moment)
        [(cycle,)] = database.rows("select hcal.nearest_cycle(%s, %s)", (moment, max_age))
    if cycle is None:
        raise nothing_near("detector", moment, max_age)
    return cycle  # type: ignore[no-any-return]


def nothing_near(what: str, moment: datetime | None, max_age: timedelta) -> NoState:
    """Return the error that `what` has no state within `max_age` of a time; None: no state at all."""
    near = "loaded yet" if moment is None else f"within {max_age} of {moment.isoformat()}"
    return NoState(f"no {what} state {near}", remedy="ask for a time of data taking, or allow a greater age")


def newest_state(database: Database, day: str | date) -> pd.DataFrame:
    """Return the state of all towers in the newest snapshot of a UTC day, as `state_at`.

    Raises
    ------
    NoState
        If no snapshot of the day is loaded.
    """
    cycles = snapshots(database, day)["cycle"]
    if cycles.empty:
        raise NoState(f"no snapshot of {day} is loaded", remedy="load the day first")
    return state_at(database, cycles.iloc[-1].to_pydatetime(), max_age=timedelta(0))


def tower_series(database: Database, tower_id: int, start: datetime, end: datetime) -> pd.DataFrame:
    """Return the readings of one tower, indexed by time (``ts``), one row a loaded snapshot."""
    rows = database.rows(_SERIES, (tower_id, require_utc(start), require_utc(end)))
    return frame_of(rows, ["ts", *READING_COLUMNS], reals=REALS).set_index("ts")


def rollup_series(
    database: Database, rollup: Rollup, unit: int, quantity: str, start: datetime, end: datetime
) -> pd.DataFrame:
    """Return n, mean, std, min, max of a half-sector or sector by time (``bucket``)."""
    statement = _ROLLUP_SERIES.format(
        table=sql.Identifier("hcal", rollup), unit=sql.Identifier(_unit(rollup))
    )
    with database.transaction() as cursor:
        cursor.execute(statement, (unit, quantity, require_utc(start), require_utc(end)))
        rows = cursor.fetchall()
    columns = ["bucket", "n", "mean", "std", "min", "max"]
    return frame_of(rows, columns, reals=columns[2:]).set_index("bucket")


def rollup_of_day(database: Database, rollup: Rollup, day: str | date) -> pd.DataFrame:
    """Return all rows of a rollup of a UTC day: bucket, unit, quantity, n, mean, std, min, max."""
    statement = _ROLLUP_OF_DAY.format(
        table=sql.Identifier("hcal", rollup), unit=sql.Identifier(_unit(rollup))
    )
    with database.transaction() as cursor:
        cursor.execute(statement, bounds(day))
        rows = cursor.fetchall()
    columns = ["bucket", _unit(rollup), "quantity", "n", "mean", "std", "min", "max"]
    return frame_of(rows, columns, reals=columns[4:])


def snapshots(database: Database, day: str | date) -> pd.DataFrame:
    """Return the loaded snapshots of a UTC day with their counts, in order of time."""
    columns = [
        "cycle",
        "sequence",
        "acquisition_id",
        "run_number",
        "boards_ok",
        "boards_partial",
        "boards_down",
        "boards_absent",
        "boards_unmapped",
        "towers_read",
        "level",
    ]
    rows = database.rows(_SNAPSHOTS, bounds(day))
    return frame_of(rows, columns)


def board_health(database: Database, day: str | date) -> pd.DataFrame:
    """Return the state of every board in every snapshot of a UTC day, with what went wrong."""
    rows = database.rows(_BOARDS, bounds(day))
    return frame_of(rows, ["ts", "board", "status", "sampled_at", "failed_readings", "error"])


def towers_of_day(database: Database, day: str | date) -> pd.DataFrame:
    """Return each tower's day: identity, number of readings, mean, minimum and maximum.

    Returns
    -------
    pandas.DataFrame
        3072 rows in order of `tower_id`; `n` counts temperatures, towers without any are NaN.
    """
    rows = database.rows(_TOWERS_OF_DAY, bounds(day))
    values = ["temperature", "temperature_min", "temperature_max", "leakage", "leakage_max", "bias_offset"]
    return frame_of(rows, [*TOWER_COLUMNS, "n", *values], reals=values)


def _unit(rollup: Rollup) -> str:
    return "sector_id" if rollup.startswith("sector") else "half_sector"


def frame_of(
    rows: list[tuple[Any, ...]], columns: list[str], *, reals: list[str] | tuple[str, ...] = ()
) -> pd.DataFrame:
    """Return rows of the database as a table whose columns `reals` are float64, NULL as NaN."""
    frame = pd.DataFrame(rows, columns=columns)
    # a column of nothing but NULL would otherwise be of type object
    return frame.astype(dict.fromkeys(reals, "float64"))
