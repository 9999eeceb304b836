"""What the API and notebooks ask of the rig: key figures and trends of a day.

Belongs here: questions with bounded answers. Not here: HTTP, and figures for reports.
"""

from dataclasses import dataclass
from datetime import date, datetime

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.rig.kpis import Kpis
from dsa_hcal_assets.rig.tables import read_clean, read_kpis


@dataclass(frozen=True)
class Trends:
    """The cleaned readings of a day as columns of equal length, in time order.

    Times UTC, temperatures in deg C, pressures in kPa, uptime in h.
    """

    timestamps: list[datetime]
    temperatures: list[float]
    pressures: list[float]
    uptime_hours: list[float]
    record_count: int


def kpis(database: Database, day: date) -> Kpis | None:
    """Return the key figures of a UTC day; None when it has none."""
    return read_kpis(database, day.isoformat())


def trends(database: Database, day: date) -> Trends | None:
    """Return the cleaned readings of a UTC day; None when it has none."""
    result = read_clean(database, day.isoformat())
    if result is None or not result.kept:
        return None
    frame = result.frame
    return Trends(
        timestamps=[moment.to_pydatetime() for moment in frame["timestamp"]],
        temperatures=frame["temperature"].tolist(),
        pressures=frame["pressure"].tolist(),
        uptime_hours=frame["uptime"].tolist(),
        record_count=result.kept,
    )


def days(database: Database) -> list[date]:
    """Return the UTC days that have key figures, in order."""
    return [day for (day,) in database.rows("select day from rig.kpi order by day")]


def record_count(database: Database) -> int:
    """Return how many cleaned readings are kept."""
    return int(database.rows("select coalesce(sum(kept), 0) from rig.cleaned_day")[0][0])
