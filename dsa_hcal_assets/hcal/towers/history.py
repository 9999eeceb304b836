"""Days that are over, kept tower by tower: `hcal.tower_history`.

`hcal.tower_reading` has all towers of a cycle side by side; a tower's year is then a page a cycle. Here
a tower's day is one row of arrays, made from the day's rows once the day is over. Loading anything of
the day removes it in the same transaction, so it is never of another opinion. Not here: reading it
(the SQL function `hcal.tower_series`).
"""

import io
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.binary_copy import copied, copy_of, postgres_time
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.hcal.snapshots.loading import take_turn
from dsa_hcal_assets.hcal.towers.tower_rows import REALS

_READINGS = f"""
copy (
    select ts, tower_id, {", ".join(f"coalesce({name}, 'NaN')" for name in REALS)} from hcal.tower_reading
    where ts >= '{{first}}' and ts < '{{end}}'
) to stdout (format binary)
"""  # noqa: S608 - constants of this package
_WRITE = f"copy hcal.tower_history (day, {', '.join(REALS)}, tower_id) from stdin (format binary)"
_READ = np.dtype([("ts", "i8"), ("tower_id", "i2"), *((name, "f4") for name in REALS)])
_FLOAT4 = 700  # type oid of an array's elements
_POSTGRES_DAY = date(2000, 1, 1)


def keep(database: Database, day: str | date, *, now: datetime | None = None) -> bool:
    """Keep a UTC day tower by tower, if it is over, has cycles, and is not kept already.

    Returns
    -------
    bool
        Whether it was made now.

    Raises
    ------
    DatabaseUnavailable
        If the database is unreachable; nothing has changed then.
    """
    first, end = bounds(day)
    if end > (now or utc_now()):
        return False
    with database.transaction() as cursor:
        take_turn(cursor, CONTROLLERS.name, first.date())
        cursor.execute(
            "insert into hcal.tower_history_day (day, cycles)"
            " select %s, array_agg(cycle order by cycle) from hcal.snapshot"
            " where cycle >= %s and cycle < %s having count(*) > 0 on conflict do nothing returning cycles",
            (first.date(), first, end),
        )
        made = cursor.fetchone()
        if made is None:
            return False
        cycles = np.array([postgres_time(cycle) for cycle in made[0]])
        records = _records(first.date(), cycles, _readings(cursor, first, end))
        cursor.copy_expert(_WRITE, io.BytesIO(copy_of([records])), size=1 << 20)
    return True


def forget(cursor: Cursor, days: set[date]) -> None:
    """Take days out, in the transaction that changes their readings."""
    cursor.execute("delete from hcal.tower_history_day where day = any(%s)", (sorted(days),))


def _readings(cursor: Cursor, first: datetime, end: datetime) -> NDArray[np.void]:
    return copied(cursor, _READINGS.format(first=first, end=end), _READ)


def _records(day: date, cycles: NDArray[np.int64], rows: NDArray[np.void]) -> bytes:
    """Return a day's readings as records of `hcal.tower_history`, one a tower, NaN where there is none."""
    towers, tower = np.unique(rows["tower_id"], return_inverse=True)
    place = np.searchsorted(cycles, rows["ts"])
    wire = np.zeros(len(towers), _wire(len(cycles)))
    wire["fields"] = 2 + len(REALS)
    wire["day_length"], wire["day"] = 4, (day - _POSTGRES_DAY) // timedelta(days=1)
    wire["tower_id_length"], wire["tower_id"] = 2, towers
    for name in REALS:
        array = wire[name]
        array["length"] = array.dtype.itemsize - 4
        array["dimensions"], array["type"], array["count"], array["first"] = 1, _FLOAT4, len(cycles), 1
        array["values"]["length"] = 4
        values = np.full((len(towers), len(cycles)), np.nan, dtype=np.float32)
        values[tower, place] = rows[name]
        array["values"]["value"] = values
    return wire.tobytes()


def _wire(cycles: int) -> np.dtype[np.void]:
    """Return the layout of a record whose arrays have `cycles` values, as PostgreSQL sends arrays."""
    array = np.dtype(
        [
            ("length", ">i4"),
            ("dimensions", ">i4"),
            ("has_nulls", ">i4"),
            ("type", ">i4"),
            ("count", ">i4"),
            ("first", ">i4"),
            ("values", [("length", ">i4"), ("value", ">f4")], (cycles,)),
        ]
    )
    return np.dtype(
        [
            ("fields", ">i2"),
            ("day_length", ">i4"),
            ("day", ">i4"),
            *((name, array) for name in REALS),
            ("tower_id_length", ">i4"),
            ("tower_id", ">i2"),
        ]
    )
