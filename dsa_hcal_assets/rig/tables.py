"""The rig's results in PostgreSQL: cleaned readings and key figures, replaced by day.

Each writer replaces a day in one transaction, so that readers see the old day or the new one, and
doing it again gives the same rows.
"""

import csv
import io
import math
from dataclasses import astuple, fields
from typing import Any

import pandas as pd

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.rig.cleaning import PROCESSED_COLUMNS, CleanResult
from dsa_hcal_assets.rig.kpis import Kpis

_LOCK = "select pg_advisory_xact_lock(hashtext('rig.reading'), %s::date - date '2000-01-01')"
_CLEAR = """
delete from rig.reading
 where read_at >= %(day)s::date::timestamp at time zone 'UTC'
   and read_at < (%(day)s::date + 1)::timestamp at time zone 'UTC'
"""
_COPY = """
copy rig.reading (read_at, temperature, pressure, uptime, temperature_zscore, pressure_zscore,
                  temperature_alert, pressure_alert, run_id) from stdin (format csv, force_not_null (run_id))
"""
_ROLL_UP = """
select rig.roll_up(%(day)s::date::timestamp at time zone 'UTC',
                   (%(day)s::date + 1)::timestamp at time zone 'UTC')
"""
_ACCOUNT = """
insert into rig.cleaned_day (day, total, nulls, out_of_range, duplicates, kept, through_arrival, run_id)
values (%s, %s, %s, %s, %s, %s, %s, %s)
on conflict (day) do update
   set total = excluded.total, nulls = excluded.nulls, out_of_range = excluded.out_of_range,
       duplicates = excluded.duplicates, kept = excluded.kept,
       through_arrival = excluded.through_arrival, run_id = excluded.run_id,
       cleaned_at = clock_timestamp()
"""
_KPI = """
insert into rig.kpi (day, avg_temp, avg_pressure, alert_count, uptime_hours, total_records,
                     data_quality_score, run_id)
values (%s, %s, %s, %s, %s, %s, %s, %s)
on conflict (day) do update
   set avg_temp = excluded.avg_temp, avg_pressure = excluded.avg_pressure,
       alert_count = excluded.alert_count, uptime_hours = excluded.uptime_hours,
       total_records = excluded.total_records, data_quality_score = excluded.data_quality_score,
       run_id = excluded.run_id, computed_at = clock_timestamp()
"""
_READINGS = """
select read_at, temperature, pressure, uptime, temperature_zscore, pressure_zscore,
       temperature_alert, pressure_alert
  from rig.reading
 where read_at >= %(day)s::date::timestamp at time zone 'UTC'
   and read_at < (%(day)s::date + 1)::timestamp at time zone 'UTC'
 order by read_at
"""


def store_clean(database: Database, day: str, result: CleanResult, *, through: int, run_id: str) -> None:
    """Replace the cleaned readings of a day, their hours, and the account of what was dropped.

    Parameters
    ----------
    through
        `RawDay.through` of the rows that were cleaned; a newer file makes the day due again.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for moment, *values in result.frame.itertuples(index=False, name=None):
        writer.writerow([moment.isoformat(), *values, run_id])
    buffer.seek(0)
    account = (result.total, result.nulls, result.out_of_range, result.duplicates, result.kept)
    with database.transaction() as cursor:
        cursor.execute(_LOCK, (day,))
        cursor.execute(_CLEAR, {"day": day})
        cursor.copy_expert(_COPY, buffer)
        cursor.execute(_ROLL_UP, {"day": day})
        cursor.execute(_ACCOUNT, (day, *account, through, run_id))


def read_clean(database: Database, day: str) -> CleanResult | None:
    """Return the last cleaning of a day as it was stored; None when the day was never cleaned."""
    with database.transaction() as cursor:
        cursor.execute("set transaction isolation level repeatable read read only")
        cursor.execute(
            "select total, nulls, out_of_range, duplicates from rig.cleaned_day where day = %s", (day,)
        )
        account = cursor.fetchone()
        cursor.execute(_READINGS, {"day": day})
        rows = cursor.fetchall()
    if account is None:
        return None
    frame = pd.DataFrame(rows, columns=list(PROCESSED_COLUMNS))
    frame["timestamp"] = pd.to_datetime(frame["timestamp"], utc=True).astype("datetime64[us, UTC]")
    numbers = PROCESSED_COLUMNS[1:6]
    frame = frame.astype(dict.fromkeys(numbers, "float64"))
    total, nulls, out_of_range, duplicates = account
    return CleanResult(frame, total, nulls, out_of_range, duplicates)


def store_kpis(database: Database, day: str, kpis: Kpis, *, run_id: str) -> None:
    """Replace the key figures of a day; what could not be computed becomes null."""
    values = [None if math.isnan(value) else value for value in astuple(kpis)]
    with database.transaction() as cursor:
        cursor.execute(_KPI, (day, *values, run_id))


def read_kpis(database: Database, day: str) -> Kpis | None:
    """Return the key figures of a day; None when it has none."""
    names = ", ".join(field.name for field in fields(Kpis))
    # The names are those of our own dataclass, never of a caller.
    rows = database.rows(f"select {names} from rig.kpi where day = %s", (day,))  # noqa: S608
    values: list[Any] = [math.nan if value is None else value for value in rows[0]] if rows else []
    return Kpis(*values) if values else None
