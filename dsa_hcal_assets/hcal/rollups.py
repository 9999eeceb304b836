"""Rollups of half-sectors and sectors, per UTC hour and day, recomputed where data changed.

Belongs here: the statements that aggregate. Not here: reading the results (readers.py).

Hours of half-sectors come from raw telemetry; everything coarser is merged from them with the
parallel variance formula (Chan, Golub, LeVeque 1979), so that a sector's or a day's mean and
standard deviation are those of its raw values without reading them again.
"""

import logging
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.hcal.snapshots.loading import take_turn
from dsa_hcal_assets.hcal.towers import history
from dsa_hcal_assets.hcal.towers.tower_rows import REALS

logger = logging.getLogger(__name__)

_STATISTICS = sql.SQL(
    "count({0}) as {0}_n, avg({0}) as {0}_mean, stddev_samp({0}) as {0}_std,"
    " min({0}) as {0}_min, max({0}) as {0}_max"
)
_VALUES = sql.SQL("({1}::hcal.quantity, {0}_n, {0}_mean, {0}_std, {0}_min, {0}_max)")

_HALF_SECTOR_HOUR = sql.SQL("""
insert into hcal.half_sector_hour (bucket, half_sector, quantity, n, mean, std, min, max)
with wide as (
    select date_trunc('hour', r.ts, 'UTC') as bucket, t.half_sector, {statistics}
    from hcal.tower_reading r join hcal.tower t using (tower_id)
    where r.ts >= %(first)s and r.ts < %(end)s and date_trunc('hour', r.ts, 'UTC') = any(%(hours)s)
    group by 1, 2
)
select bucket, half_sector, quantity, n, mean, std, min, max
from wide cross join lateral (values {values}) as q (quantity, n, mean, std, min, max)
where n > 0
""").format(
    statistics=sql.SQL(", ").join(_STATISTICS.format(sql.SQL(name)) for name in REALS),
    values=sql.SQL(", ").join(_VALUES.format(sql.SQL(name), sql.Literal(name)) for name in REALS),
)

_MERGE = sql.SQL("""
insert into {target} (bucket, {unit}, quantity, n, mean, std, min, max)
with part as (
    select {bucket} as bucket, {unit_expression} as unit, quantity, n, mean, min, max,
           coalesce(std, 0) ^ 2 * (n - 1) as squares
    from {source} where bucket >= %(first)s and bucket < %(end)s and {chosen}
), whole as (
    select bucket, unit, quantity, sum(n)::integer as n, sum(n * mean) / sum(n) as mean,
           sum(squares) as squares, min(min) as min, max(max) as max
    from part group by bucket, unit, quantity
), between_parts as (
    select bucket, unit, quantity, sum(part.n * (part.mean - whole.mean) ^ 2) as squares
    from part join whole using (bucket, unit, quantity) group by bucket, unit, quantity
)
select bucket, unit, quantity, n, mean,
       case when n > 1 then sqrt((whole.squares + between_parts.squares) / (n - 1)) end, min, max
from whole join between_parts using (bucket, unit, quantity)
""")
_HOUR, _DAY = sql.SQL("bucket"), sql.SQL("date_trunc('day', bucket, 'UTC')")
_HALF, _SECTOR = sql.SQL("half_sector"), sql.SQL("(half_sector / 2)::smallint")


def _merge(target: str, unit: str, bucket: sql.SQL, expression: sql.SQL) -> sql.Composed:
    return _MERGE.format(
        target=sql.Identifier("hcal", target),
        source=sql.Identifier("hcal", "half_sector_hour"),
        unit=sql.Identifier(unit),
        bucket=bucket,
        unit_expression=expression,
        chosen=sql.SQL("bucket = any(%(hours)s)") if bucket is _HOUR else sql.SQL("true"),
    )


_MERGES = {
    "sector_hour": _merge("sector_hour", "sector_id", _HOUR, _SECTOR),
    "half_sector_day": _merge("half_sector_day", "half_sector", _DAY, _HALF),
    "sector_day": _merge("sector_day", "sector_id", _DAY, _SECTOR),
}


@dataclass(frozen=True)
class RollupReport:
    """What a refresh did: hours recomputed (UTC starts), rows written a table, wall seconds."""

    day: str
    hours: tuple[datetime, ...]
    rows: dict[str, int]
    seconds: float


def refresh(database: Database, day: str | date, *, everything: bool = False) -> RollupReport:
    """Bring all rollups of a UTC day up to date with its raw telemetry.

    Only hours marked dirty by the loader are read again (`everything`: all 24). Old rows are
    replaced and the marks removed in one transaction that takes turns with the loaders of the day,
    so a mark can neither be lost nor removed for data that were not counted.

    Raises
    ------
    DatabaseUnavailable
        If the database is unreachable; nothing has changed then.
    """
    started = time.monotonic()
    first, end = bounds(day)
    window = {"first": first, "end": end}
    with database.transaction() as cursor:
        take_turn(cursor, CONTROLLERS.name, first.date())
        hours = _take_dirty_hours(cursor, window)
        if everything:
            hours = [first + timedelta(hours=hour) for hour in range(24)]
        rows = _recompute(cursor, window | {"hours": hours}) if hours else {}
    for past in (first - timedelta(days=1), first):  # a day is over only after its last cycle
        history.keep(database, past.date())
    report = RollupReport(first.date().isoformat(), tuple(hours), rows, time.monotonic() - started)
    logger.info("rollups of %s: %d hours, %d rows", report.day, len(hours), sum(rows.values()))
    return report


def _take_dirty_hours(cursor: Cursor, window: dict[str, datetime]) -> list[datetime]:
    cursor.execute(
        "delete from hcal.dirty_hour where bucket >= %(first)s and bucket < %(end)s returning bucket", window
    )
    return sorted(bucket for (bucket,) in cursor.fetchall())


def _recompute(cursor: Cursor, window: dict[str, datetime | list[datetime]]) -> dict[str, int]:
    rows = {}
    cursor.execute("delete from hcal.half_sector_hour where bucket = any(%(hours)s)", window)
    cursor.execute("delete from hcal.sector_hour where bucket = any(%(hours)s)", window)
    cursor.execute("delete from hcal.half_sector_day where bucket = %(first)s", window)
    cursor.execute("delete from hcal.sector_day where bucket = %(first)s", window)
    cursor.execute(_HALF_SECTOR_HOUR, window)
    rows["half_sector_hour"] = cursor.rowcount
    for table, statement in _MERGES.items():
        cursor.execute(statement, window)
        rows[table] = cursor.rowcount
    return rows
