"""Histories of towers from the database: as read, or as means over steps made by the server."""

from datetime import datetime, timedelta

import numpy as np
from numpy.typing import ArrayLike, NDArray
from psycopg2 import sql

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.binary_copy import copied, times_of
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import PermanentError
from dsa_hcal_assets.hcal.access.history import History, Times
from dsa_hcal_assets.hcal.access.selection import TowerIds
from dsa_hcal_assets.hcal.access.telemetry import HCAL, Telemetry, telemetry_of

MOST_VALUES = 100_000_000  # 400 MB

FEW_TOWERS = 100
"""Up to so many HCal towers are read from their histories (`hcal.tower_series`), more from the readings."""

_SERIES = sql.SQL("""
copy (
    select r.ts, t.tower_id, coalesce(r.{quantity}, 'NaN')
    from unnest({towers}) t (tower_id) cross join lateral hcal.tower_series(t.tower_id, {start}, {end}) r
) to stdout (format binary)
""")
# Cycles first: their times seek the key (ts, tower_id); the bounds on the readings spare other partitions.
_READINGS = sql.SQL("""
copy (
    select r.ts, r.tower_id, coalesce(r.{quantity}, 'NaN')
    from ({cycles}) s join {table} r on r.ts = s.cycle
    where s.cycle >= {start} and s.cycle < {end} and r.ts >= {start} and r.ts < {end}
      and r.tower_id = any({towers})
) to stdout (format binary)
""")
_MEANS = sql.SQL("""
copy (
    select date_bin({step}, r.ts, {start}), r.tower_id, avg(r.{quantity})::real
    from ({cycles}) s join {table} r on r.ts = s.cycle
    where s.cycle >= {start} and s.cycle < {end} and r.ts >= {start} and r.ts < {end}
      and r.tower_id = any({towers}) and r.{quantity} is not null
    group by 1, 2
) to stdout (format binary)
""")
_CYCLES = sql.SQL("select cycle from ({cycles}) s where cycle >= {start} and cycle < {end} order by cycle")

_ROW = np.dtype([("ts", "i8"), ("tower_id", "i2"), ("value", "f4")])


class TooMuch(PermanentError):
    """A history that would not fit into memory was asked for."""


def read(database: Database, quantity: str, towers: ArrayLike, start: datetime, end: datetime) -> History:
    """Return a quantity of towers at every cycle loaded in [start, end), as it was read.

    Parameters
    ----------
    quantity
        HCal: temperature, leakage, bias_offset, bias, lv_positive, lv_negative; EMCal: temperature_sipm,
        temperature_preamp, bias, leakage. Units as in the tables.
    towers
        `tower_id`, of HCal or of EMCal; see `selection.towers`.

    Raises
    ------
    NoTowers, NoQuantity
        See `telemetry.telemetry_of`.
    TooMuch
        Above `MOST_VALUES` values.
    """
    where, chosen = telemetry_of(quantity, towers)
    window = _window(where, quantity, chosen, start, end)
    statement = _SERIES if where is HCAL and chosen.size <= FEW_TOWERS else _READINGS
    with database.transaction() as cursor:
        cursor.execute(_CYCLES.format(**window))
        # the session's zone is UTC
        cycles = [cycle.replace(tzinfo=None) for (cycle,) in cursor.fetchall()]
        times = np.array(cycles, dtype="datetime64[us]")
        _require_room(times.size * chosen.size)
        rows = copied(cursor, statement.format(**window), _ROW)
    return _history(quantity, times, chosen, rows)


def read_means(
    database: Database,
    quantity: str,
    towers: ArrayLike,
    start: datetime,
    end: datetime,
    step: timedelta,
) -> History:
    """Return means of a quantity of towers over steps from `start`, made by the database.

    For long ranges: what travels is one value a tower and step. A time is the begin of its step; a step
    without any reading of a tower is NaN. Parameters and errors as `read`.
    """
    where, chosen = telemetry_of(quantity, towers)
    window = _window(where, quantity, chosen, start, end) | {"step": sql.Literal(step)}
    first = np.datetime64(require_utc(start).replace(tzinfo=None), "us")
    last = np.datetime64(require_utc(end).replace(tzinfo=None), "us")
    times: Times = np.arange(first, last, np.timedelta64(step // timedelta(microseconds=1), "us"))
    _require_room(times.size * chosen.size)
    with database.transaction() as cursor:
        rows = copied(cursor, _MEANS.format(**window), _ROW)
    return _history(quantity, times, chosen, rows)


def _window(
    where: Telemetry, quantity: str, chosen: TowerIds, start: datetime, end: datetime
) -> dict[str, sql.Composable]:
    return {
        "quantity": sql.Identifier(quantity),
        "table": sql.Identifier("hcal", where.table),
        "cycles": sql.SQL(where.cycles),
        "start": sql.Literal(require_utc(start)),
        "end": sql.Literal(require_utc(end)),
        "towers": sql.Literal(chosen.tolist()) + sql.SQL("::smallint[]"),
    }


def _require_room(values: int) -> None:
    if values > MOST_VALUES:
        raise TooMuch(
            f"{values:,} values are too many for one array",
            expected=f"at most {MOST_VALUES:,}",
            remedy="ask for fewer towers or less time, or for means over steps (read_means)",
        )


def _history(quantity: str, times: Times, towers: TowerIds, rows: NDArray[np.void]) -> History:
    values = np.full((times.size, towers.size), np.nan, dtype=np.float32)
    cycle, tower = np.searchsorted(times, times_of(rows["ts"])), np.searchsorted(towers, rows["tower_id"])
    values[cycle, tower] = rows["value"]
    return History(quantity, times, towers.astype(np.int64), values)
