"""Whether the rollups of a day agree with the raw telemetry they were made from."""

import math
from collections.abc import Mapping
from typing import Literal

from psycopg2 import sql

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.hcal.mapping.geometry import HALF_SECTORS, SECTORS
from dsa_hcal_assets.quality.verdicts import Metric

Stage = Literal["half_sector_rollup", "sector_rollup"]
_TABLES = {"half_sector_rollup": "half_sector", "sector_rollup": "sector"}
_UNITS = {"half_sector_rollup": HALF_SECTORS, "sector_rollup": 2 * SECTORS}

_DIRTY = "select count(*) from hcal.dirty_hour where bucket >= %(start)s and bucket < %(end)s"
_RAW = """
select count(temperature), count(distinct date_trunc('hour', ts, 'UTC'))
from hcal.tower_reading where ts >= %(start)s and ts < %(end)s
"""
_ROLLED = sql.SQL("""
select coalesce(sum(n), 0)::bigint, count(*) from {table}
where quantity = 'temperature' and bucket >= %(start)s and bucket < %(end)s
""")


def rollup_metrics(database: Database, day: str, stage: Stage) -> list[Metric]:
    """Return the metrics of stage `half_sector_rollup` or `sector_rollup` of a UTC day.

    `dirty_hours`: hours whose raw telemetry changed since; `count_mismatch`: temperatures counted by
    the hourly and daily rollups more or less than there are; `coverage`: hour cells that have a
    temperature, of all units in the hours that have any.
    """
    start, end = bounds(day)
    window = {"start": start, "end": end}
    [(dirty,)] = database.rows(_DIRTY, window)
    [(raw, hours)] = database.rows(_RAW, window)
    hour_n, cells = _rolled(database, f"{_TABLES[stage]}_hour", window)
    day_n, _ = _rolled(database, f"{_TABLES[stage]}_day", window)
    possible = hours * _UNITS[stage]
    return [
        Metric("dirty_hours", dirty),
        Metric(
            "count_mismatch",
            abs(hour_n - raw) + abs(day_n - raw),
            f"{raw} temperatures, {hour_n} in hours, {day_n} in the day",
        ),
        Metric("coverage", cells / possible if possible else math.nan, f"{cells} of {possible} hour cells"),
    ]


def _rolled(database: Database, table: str, window: Mapping[str, object]) -> tuple[int, int]:
    with database.transaction() as cursor:
        cursor.execute(_ROLLED.format(table=sql.Identifier("hcal", table)), window)
        [(counted, cells)] = cursor.fetchall()
    return int(counted), int(cells)
