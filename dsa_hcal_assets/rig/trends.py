"""The rig's readings over any span of time in a bounded number of points.

Belongs here: which readings, and how many of them become one point. Not here: HTTP, and figures of a day.

A point of several readings has their mean and their extremes, so that a spike of one reading is seen at
any zoom. Spans whose points last an hour or more are read from the hours (`rig.reading_hour`), which the
cleaning of a day writes in its own transaction.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.binary_copy import copied, times_of
from dsa_hcal_assets.database.connection import Database

HOUR = timedelta(hours=1)
_TICK = timedelta(microseconds=1)
MOST_ROWS = 100_000
"""Readings that are looked at one by one for an answer; spans with more are read from the hours."""

_POINT = np.dtype(
    [
        ("at", "i8"),
        ("n", "i4"),
        *(
            (f"{name}_{kind}", "f8")
            for name in ("temperature", "pressure")
            for kind in ("mean", "min", "max")
        ),
        ("uptime", "f8"),
        *((name, "i4") for name in ("temperature_red", "pressure_red", "pressure_yellow")),
    ]
)
_COUNT = """
select coalesce(sum(kept), 0) from rig.cleaned_day
where day >= (%s at time zone 'UTC')::date and day <= (%s at time zone 'UTC')::date
"""
_EACH = """
select read_at, 1, temperature, temperature, temperature, pressure, pressure, pressure, uptime,
       (temperature_alert = 'red')::integer, (pressure_alert = 'red')::integer,
       (pressure_alert = 'yellow')::integer
from rig.reading where read_at >= {start} and read_at < {end} order by read_at
"""
_BINNED = """
select date_bin({step}, read_at, {start}), count(*)::integer,
       avg(temperature), min(temperature), max(temperature), avg(pressure), min(pressure), max(pressure),
       max(uptime), (count(*) filter (where temperature_alert = 'red'))::integer,
       (count(*) filter (where pressure_alert = 'red'))::integer,
       (count(*) filter (where pressure_alert = 'yellow'))::integer
from rig.reading where read_at >= {start} and read_at < {end} group by 1 order by 1
"""
_FROM_HOURS = """
select date_bin({step}, bucket, {start}), sum(n)::integer,
       sum(n * temperature_mean) / sum(n), min(temperature_min), max(temperature_max),
       sum(n * pressure_mean) / sum(n), min(pressure_min), max(pressure_max), max(uptime_max),
       sum(temperature_red)::integer, sum(pressure_red)::integer, sum(pressure_yellow)::integer
from rig.reading_hour where bucket >= {start} and bucket < {end} group by 1 order by 1
"""


@dataclass(frozen=True, eq=False)
class Trend:
    """Points of a span [start, end), in order of time; a step without readings has none.

    Parameters
    ----------
    start, end
        As asked for, or widened to whole hours where the hours were read.
    step
        Time a point stands for, from its time on; None: each point is one reading.
    points
        Structured array: `at` (microseconds since 2000 UTC), `n` (readings), `temperature_*` (deg C) and
        `pressure_*` (kPa) mean, min and max, `uptime` (h, the largest), and how many readings raised which
        alert.
    """

    start: datetime
    end: datetime
    step: timedelta | None
    points: NDArray[np.void]

    @property
    def times(self) -> NDArray[np.datetime64]:
        """UTC times of the points, datetime64[us]."""
        return times_of(self.points["at"])

    @property
    def readings(self) -> int:
        """Readings in all points."""
        return int(self.points["n"].sum())


def read(database: Database, start: datetime, end: datetime, most_points: int) -> Trend:
    """Return the cleaned readings of [start, end) in at most about `most_points` points.

    Raises
    ------
    ValueError
        If `end` is not after `start`.
    """
    start, end = require_utc(start), require_utc(end)
    if end <= start:
        raise ValueError("the end of a trend is after its start")
    step = timedelta(seconds=math.ceil((end - start) / timedelta(seconds=1) / most_points))
    with database.transaction() as cursor:
        cursor.execute(_COUNT, (start, end))
        ((kept,),) = cursor.fetchall()
        if kept <= most_points:
            return _trend(cursor, _EACH, start, end, None)
        if step < HOUR and kept <= MOST_ROWS:
            return _trend(cursor, _BINNED, start, end, step)
        whole = HOUR * math.ceil(step / HOUR)
        return _trend(cursor, _FROM_HOURS, _hour_of(start), _hour_of(end - _TICK) + HOUR, whole)


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _trend(cursor: Cursor, query: str, start: datetime, end: datetime, step: timedelta | None) -> Trend:
    statement = sql.SQL("copy (" + query + ") to stdout (format binary)").format(
        start=sql.Literal(start), end=sql.Literal(end), step=sql.Literal(step)
    )
    return Trend(start, end, step, copied(cursor, statement, _POINT))
