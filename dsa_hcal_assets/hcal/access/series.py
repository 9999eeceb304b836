"""A quantity of a tower, half-sector or sector over any span in a bounded number of points.

Belongs here: for displays, what is read for a span and how many readings become one point. Not here:
histories for analysis, which are complete (reading.py).

Each point has mean and extremes of what it stands for, so that a spike of one reading is seen at any zoom.
The database makes the points; towers are read from `hcal.tower_series`, half-sectors and sectors from
their towers where a span is short, else from the rollups per hour or day.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from psycopg2 import sql

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.binary_copy import copied, times_of
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.access.selection import TowerIds
from dsa_hcal_assets.hcal.access.telemetry import HCAL, telemetry_of
from dsa_hcal_assets.hcal.mapping import geometry

Resolution = Literal["cycle", "hour", "day"]
Unit = Literal["half_sector", "sector"]

SHORT = timedelta(days=2)
"""Spans up to this length are read cycle by cycle for half-sectors and sectors too."""
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)

_TOWERS = sql.SQL("""
select r.ts, r.{quantity} as value
from unnest({towers}) t (tower_id) cross join lateral hcal.tower_series(t.tower_id, {start}, {end}) r
""")
_EMCAL_TOWERS = sql.SQL("""
select s.cycle as ts, r.{quantity} as value
from hcal.source_snapshot s cross join unnest({towers}) t (tower_id)
cross join lateral (
    select * from hcal.emcal_reading r where r.ts = s.cycle and r.tower_id = t.tower_id offset 0
) r
where s.source = 'emcal' and s.cycle >= {start} and s.cycle < {end}
""")
_OF_READINGS = sql.SQL("""
copy (
    select min(ts), count(value)::integer, avg(value)::float8, min(value)::float8, max(value)::float8
    from ({source}) s where value is not null group by date_bin({step}, ts, {start}) order by 1
) to stdout (format binary)
""")
_OF_ROLLUP = sql.SQL("""
copy (
    select min(bucket), sum(n)::integer, sum(n * mean) / sum(n), min(min)::float8, max(max)::float8
    from {table} where {unit} = {number} and quantity = {name}::hcal.quantity
      and bucket >= {start} and bucket < {end}
    group by date_bin({step}, bucket, {start}) order by 1
) to stdout (format binary)
""")
_POINT = np.dtype([("at", "i8"), ("n", "i4"), ("mean", "f8"), ("min", "f8"), ("max", "f8")])


@dataclass(frozen=True, eq=False)
class Series:
    """Points in order of time; a step in which nothing was read has none.

    Parameters
    ----------
    resolution
        What the points were made from: readings of each cycle, or rollups of an hour or day.
    step
        Longest time a point stands for.
    points
        Structured array: `at` (microseconds since 2000 UTC: the first reading, hour or day of the point),
        `n` (values of towers and cycles), `mean`, `min` and `max` in the quantity's unit.
    """

    resolution: Resolution
    step: timedelta
    points: NDArray[np.void]

    @property
    def times(self) -> NDArray[np.datetime64]:
        """UTC times of the points, datetime64[us]."""
        return times_of(self.points["at"])


def tower_series(
    database: Database, tower_id: int, quantity: str, start: datetime, end: datetime, most_points: int
) -> Series:
    """Return a quantity of one tower, of HCal or EMCal, in [start, end).

    Raises
    ------
    NoTowers, NoQuantity
        See `telemetry.telemetry_of`.
    """
    _, tower = telemetry_of(quantity, [tower_id])
    return _of_towers(database, tower, quantity, start, end, most_points)


def unit_series(
    database: Database,
    unit: Unit,
    number: int,
    quantity: str,
    start: datetime,
    end: datetime,
    most_points: int,
) -> Series:
    """Return a quantity of all towers of a half-sector (0-127) or sector (0-63) in [start, end).

    Raises
    ------
    NoQuantity
        If HCal towers have no such quantity.
    NoSuchTower
        If there is no such half-sector or sector.
    """
    towers = _towers_of(unit, number)
    telemetry_of(quantity, towers)
    if end - start <= SHORT:
        return _of_towers(database, towers, quantity, start, end, most_points)
    step = _step(start, end, most_points)
    resolution: Resolution = "hour" if step < _DAY else "day"
    bucket = _HOUR if step < _DAY else _DAY
    step = bucket * math.ceil(step / bucket)
    statement = _OF_ROLLUP.format(
        table=sql.Identifier("hcal", f"{unit}_{resolution}"),
        unit=sql.Identifier("sector_id" if unit == "sector" else unit),
        number=sql.Literal(number),
        name=sql.Literal(quantity),
        step=sql.Literal(step),
        start=sql.Literal(_begin_of(start, bucket)),
        end=sql.Literal(require_utc(end)),
    )
    return Series(resolution, step, _points(database, statement))


def points_of_readings(
    database: Database, source: sql.Composable, start: datetime, end: datetime, most_points: int
) -> Series:
    """Return the points of a query that gives `ts` and `value` of readings in [start, end), in any order."""
    step = _step(start, end, most_points)
    statement = _OF_READINGS.format(
        source=source, step=sql.Literal(step), start=sql.Literal(require_utc(start))
    )
    return Series("cycle", step, _points(database, statement))


def _of_towers(
    database: Database, towers: TowerIds, quantity: str, start: datetime, end: datetime, most_points: int
) -> Series:
    telemetry, towers = telemetry_of(quantity, towers)
    source = _TOWERS if telemetry is HCAL else _EMCAL_TOWERS
    readings = source.format(
        quantity=sql.Identifier(quantity),
        towers=sql.Literal(towers.tolist()) + sql.SQL("::smallint[]"),
        start=sql.Literal(require_utc(start)),
        end=sql.Literal(require_utc(end)),
    )
    return points_of_readings(database, readings, start, end, most_points)


def _points(database: Database, statement: sql.Composed) -> NDArray[np.void]:
    with database.transaction() as cursor:
        return copied(cursor, statement, _POINT)


def _towers_of(unit: Unit, number: int) -> TowerIds:
    size = geometry.HALF_SECTORS if unit == "half_sector" else 2 * geometry.SECTORS
    geometry.within(unit, number, size)
    whole = geometry.towers()
    units = whole.half_sector if unit == "half_sector" else whole.sector_id
    found: TowerIds = whole.tower_id[units == number]
    return found


def _step(start: datetime, end: datetime, most_points: int) -> timedelta:
    if end <= start:
        raise ValueError("the end of a series is after its start")
    return timedelta(seconds=math.ceil((end - start) / timedelta(seconds=1) / most_points))


def _begin_of(moment: datetime, bucket: timedelta) -> datetime:
    whole = require_utc(moment).replace(minute=0, second=0, microsecond=0)
    return whole if bucket is _HOUR else whole.replace(hour=0)
