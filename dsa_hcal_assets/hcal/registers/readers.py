"""Registers as pandas frames: the questions people ask, each one bounded query.

All times are aware UTC; intervals are half-open [start, end).
"""

from datetime import date, datetime

import pandas as pd

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.hcal.registers.snapshot import REGISTERS

_SERIES = """
select ts, raw, value, state from hcal.register_reading
where board = %s and register = %s and ts >= %s and ts < %s order by ts
"""
_DAY = """
select board, kind, register, unit, count(*), min(value), avg(value), max(value),
       (array_agg(value order by ts desc))[1], count(*) filter (where state = 'abnormal')
from hcal.register_state where ts >= %s and ts < %s
group by board, kind, register, unit order by board, register
"""
_BOARDS = """
select ts, board, status, sampled_at, registers_read, failed_readings,
       coalesce((select key || ': ' || (value ->> 'what') from jsonb_each(error) limit 1), '')
from hcal.register_board_reading where ts >= %s and ts < %s order by ts, board
"""
_SNAPSHOTS = """
select cycle, sequence, acquisition_id, boards_ok, boards_partial, boards_down, rows
from hcal.source_snapshot where source = %s and cycle >= %s and cycle < %s order by cycle
"""


def register_series(
    database: Database, board: str, register: str, start: datetime, end: datetime
) -> pd.DataFrame:
    """Return raw bits, value and state of a register (or ``register.field``), indexed by time (``ts``)."""
    rows = database.rows(_SERIES, (board, register, require_utc(start), require_utc(end)))
    return pd.DataFrame(rows, columns=["ts", "raw", "value", "state"]).set_index("ts")


def registers_of_day(database: Database, day: str | date) -> pd.DataFrame:
    """Return each register's day: n, lowest, mean, highest, last value, and how often it was abnormal."""
    columns = ["board", "kind", "register", "unit", "n", "min", "mean", "max", "last", "abnormal"]
    return pd.DataFrame(database.rows(_DAY, bounds(day)), columns=columns)


def boards_of_day(database: Database, day: str | date) -> pd.DataFrame:
    """Return the state of every board in every snapshot of a UTC day, with what went wrong."""
    columns = ["ts", "board", "status", "sampled_at", "registers_read", "failed_readings", "error"]
    return pd.DataFrame(database.rows(_BOARDS, bounds(day)), columns=columns)


def snapshots(database: Database, day: str | date) -> pd.DataFrame:
    """Return the loaded snapshots of a UTC day with their counts, in order of time."""
    columns = ["cycle", "sequence", "acquisition_id", "boards_ok", "boards_partial", "boards_down", "rows"]
    return pd.DataFrame(database.rows(_SNAPSHOTS, (REGISTERS.name, *bounds(day))), columns=columns)
