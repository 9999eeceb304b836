"""What was usual for each tower on earlier days: `hcal.tower_day`, and the baseline made from it."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.hcal.mapping.geometry import HCAL_TOWERS
from dsa_hcal_assets.quality.statistics import mad_sigmas, medians

Floats = NDArray[np.floating]

_DAYS = """
select day, tower_id, median, deviation from hcal.tower_day
where quantity = %(quantity)s and day >= %(first)s and day < %(day)s and tower_id < %(towers)s
"""
_NEWEST = """
select distinct on (tower_id) tower_id, median from hcal.tower_day
where quantity = %(quantity)s and day >= %(first)s and day < %(day)s and tower_id < %(towers)s
order by tower_id, day desc
"""
_COPY = "copy hcal.tower_day (day, tower_id, quantity, n, median, deviation) from stdin (format csv)"


@dataclass(frozen=True, eq=False)
class Baseline:
    """What is usual for each tower, from earlier days.

    Parameters
    ----------
    median
        float64[3072], NaN for towers without enough days.
    scatter
        float64[3072]: within a day and from day to day, as standard deviation.
    """

    median: Floats
    scatter: Floats


def baseline(cursor: Cursor, quantity: str, day: date, days: int, at_least: int) -> Baseline:
    """Return what was usual in the `days` before `day`, where there are `at_least` so many.

    The median is that of the days' medians. Its scatter adds in squares the median of the days' own
    deviations and the robust deviation of the days' medians from each other.
    """
    first = day - timedelta(days=days)
    cursor.execute(_DAYS, {"quantity": quantity, "first": first, "day": day, "towers": HCAL_TOWERS})
    rows = cursor.fetchall()
    table = np.full((2, days, HCAL_TOWERS), np.nan)
    if rows:
        moments, towers, middles, deviations = zip(*rows, strict=True)
        which = np.array([(moment - first).days for moment in moments])
        table[:, which, towers] = middles, deviations
    enough = np.sum(~np.isnan(table[0]), axis=0) >= at_least
    median = np.where(enough, medians(table[0], axis=0), np.nan)
    return Baseline(median, np.hypot(medians(table[1], axis=0), mad_sigmas(table[0], axis=0)))


def newest(cursor: Cursor, quantity: str, day: date, days: int) -> Floats:
    """Return the median of each tower on the newest of the `days` before `day`, float64[3072], or NaN."""
    first = day - timedelta(days=days)
    cursor.execute(_NEWEST, {"quantity": quantity, "first": first, "day": day, "towers": HCAL_TOWERS})
    values = np.full(HCAL_TOWERS, np.nan)
    for tower, median in cursor.fetchall():
        values[tower] = median
    return values


def store(cursor: Cursor, day: date, readings: Mapping[str, Floats]) -> int:
    """Replace the day's rows of `hcal.tower_day`; return how many there are now.

    Parameters
    ----------
    readings
        Quantity -> [cycles of the day, 3072].
    """
    cursor.execute("delete from hcal.tower_day where day = %s", (day,))
    lines = io.StringIO()
    rows = 0
    for quantity, values in readings.items():
        count = np.sum(~np.isnan(values), axis=0)
        read = np.flatnonzero(count)
        if not read.size:
            continue
        middle, deviation = medians(values, axis=0), mad_sigmas(values, axis=0)
        rows += read.size
        lines.writelines(
            f"{day},{tower},{quantity},{count[tower]},{middle[tower]:.9g},{deviation[tower]:.9g}\n"
            for tower in read.tolist()
        )
    lines.seek(0)
    cursor.copy_expert(_COPY, lines)
    return rows
