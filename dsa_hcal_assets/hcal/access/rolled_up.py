"""Histories of half-sectors and sectors from the rollups, for ranges of months and years."""

from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from psycopg2 import sql

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.access.history import History, as_times
from dsa_hcal_assets.hcal.readers import Rollup

Statistic = Literal["mean", "std", "min", "max"]
_ROLLUP = sql.SQL("""
select bucket, {unit}, {statistic} from {table}
where {unit} = any(%s) and quantity = %s::hcal.quantity and bucket >= %s and bucket < %s
""")


def read_rollup(
    database: Database,
    rollup: Rollup,
    quantity: str,
    units: ArrayLike,
    start: datetime,
    end: datetime,
    *,
    statistic: Statistic = "mean",
) -> History:
    """Return a statistic of half-sectors or sectors per UTC hour or day that begins in [start, end).

    Parameters
    ----------
    rollup
        half_sector_hour, half_sector_day, sector_hour or sector_day.
    units
        half_sector 0-127, or sector_id 0-63.

    Returns
    -------
    History
        Its times are the hours or days in which any of the units was read, NaN where one was not.
    """
    unit = "sector_id" if rollup.startswith("sector") else "half_sector"
    statement = _ROLLUP.format(
        unit=sql.Identifier(unit),
        statistic=sql.Identifier(statistic),
        table=sql.Identifier("hcal", rollup),
    )
    chosen = np.unique(np.asarray(units, dtype=np.int64))
    with database.transaction() as cursor:
        cursor.execute(statement, (chosen.tolist(), quantity, require_utc(start), require_utc(end)))
        rows = cursor.fetchall()
    buckets = as_times([bucket for bucket, _, _ in rows])
    times, places = np.unique(buckets, return_inverse=True)
    values = np.full((times.size, chosen.size), np.nan, dtype=np.float32)
    numbers = np.array([number for _, number, _ in rows], dtype=np.int64)
    statistics = np.array([value for _, _, value in rows], dtype=np.float32)
    values[places, np.searchsorted(chosen, numbers)] = statistics
    return History(quantity, times, chosen, values, unit)
