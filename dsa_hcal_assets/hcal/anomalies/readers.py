"""The record of anomalies, as pandas frames or a page at a time. Intervals are half-open, times aware UTC."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

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

# By the index (started_at, anomaly_id): a page costs what it holds, and what its filters leave out.
_PAGE = f"""
select {", ".join(COLUMNS)} from hcal.anomaly
where started_at < %(end)s and (ended_at is null or ended_at > %(start)s)
  and (started_at, anomaly_id) < (%(before_time)s, %(before_id)s)
  and (%(severity)s is null or severity = %(severity)s) and (%(kind)s is null or kind = %(kind)s)
  and not (%(only_open)s and ended_at is not null)
order by started_at desc, anomaly_id desc limit %(limit)s
"""  # noqa: S608 - names above, no input


@dataclass(frozen=True)
class Anomaly:
    """A row of `hcal.anomaly`, which says what its columns mean."""

    anomaly_id: int
    kind: str
    quantity: str
    place: str
    detector: int | None
    half_sector: int | None
    tower_id: int | None
    board: str | None
    started_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None
    severity: str
    value: float | None
    limit_value: float | None
    samples: int
    detail: dict[str, Any]


def newest_anomalies(
    database: Database,
    start: datetime,
    end: datetime,
    limit: int,
    *,
    before: tuple[datetime, int] | None = None,
    severity: str | None = None,
    kind: str | None = None,
    only_open: bool = False,
) -> list[Anomaly]:
    """Return anomalies in force at any time of [start, end), those that began last first.

    Parameters
    ----------
    before
        (started_at, anomaly_id) of the last one of the page before.
    severity, kind
        As `hcal.anomaly`; None: all.
    only_open
        Leave out those that are over.
    """
    before_time, before_id = before or (end, 0)  # none begins as late as `end`
    asked = {
        "start": require_utc(start),
        "end": require_utc(end),
        "before_time": require_utc(before_time),
        "before_id": before_id,
        "severity": severity,
        "kind": kind,
        "only_open": only_open,
        "limit": limit,
    }
    return [Anomaly(*row) for row in database.rows(_PAGE, asked)]


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
