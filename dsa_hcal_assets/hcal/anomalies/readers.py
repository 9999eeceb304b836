"""The record of anomalies as pandas frames. Intervals are half-open [start, end), times aware UTC."""

from datetime import date, datetime

import pandas as pd

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.days import bounds

COLUMNS = [
    "anomaly_id",
    "kind",
    "quantity",
    "place",
    "detector",
    "half_sector",
    "tower_id",
    "board",
    "started_at",
    "last_seen_at",
    "ended_at",
    "severity",
    "value",
    "limit_value",
    "samples",
    "detail",
]

_BETWEEN = f"""
select {", ".join(COLUMNS)} from hcal.anomaly
where started_at < %(end)s and (ended_at is null or ended_at > %(start)s)
order by severity, started_at, kind, quantity, place
"""  # noqa: S608 - names above, no input


def anomalies_between(database: Database, start: datetime, end: datetime) -> pd.DataFrame:
    """Return the anomalies in force at any time of an interval, errors first, then by time.

    Returns
    -------
    pandas.DataFrame
        Columns of `hcal.anomaly`. `ended_at` NaT: open. `detector`, `half_sector`, `tower_id` are
        nullable integers.
    """
    rows = database.rows(_BETWEEN, {"start": require_utc(start), "end": require_utc(end)})
    frame = pd.DataFrame(rows, columns=COLUMNS)
    times = dict.fromkeys(("started_at", "last_seen_at", "ended_at"), "datetime64[us, UTC]")
    numbers = dict.fromkeys(("detector", "half_sector", "tower_id"), "Int16")
    return frame.astype(times | numbers | {"value": "float64", "limit_value": "float64"})


def anomalies_of_day(database: Database, day: str | date) -> pd.DataFrame:
    """Return the anomalies in force at any time of a UTC day; see `anomalies_between`."""
    return anomalies_between(database, *bounds(day))
