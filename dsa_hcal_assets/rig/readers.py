"""What the API and notebooks ask of the rig: key figures of a day, and what all days hold.

Belongs here: questions with bounded answers. Not here: HTTP, readings over time (trends), and figures for
reports.
"""

from dataclasses import dataclass
from datetime import date, datetime

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.rig.kpis import Kpis
from dsa_hcal_assets.rig.tables import read_kpis

# Means of days weigh as much as the readings they are of.
_SUMMARY = """
select count(*), min(day), max(day), sum(total), sum(kept), sum(alert_count),
       sum(avg_temp * kept) / nullif(sum(kept), 0), sum(avg_pressure * kept) / nullif(sum(kept), 0),
       max(uptime_hours)
from rig.kpi join rig.cleaned_day using (day)
"""
_NEWEST_READING = """
select read_at, temperature, pressure, uptime, temperature_alert, pressure_alert
from rig.reading order by read_at desc limit 1
"""
# Cleaning a day again gives it a later time, in the transaction that replaces its readings; a maximum of the
# times would miss one that began earlier and was committed later.
_VERSION = """
select count(*), coalesce(sum((extract(epoch from cleaned_at) * 1000000)::bigint), 0)::bigint
from rig.cleaned_day
"""


@dataclass(frozen=True)
class Summary:
    """All days that have key figures, taken together; None where no reading is left.

    Parameters
    ----------
    days
        How many there are, from `first_day` to `last_day`.
    total_records, kept_records
        Rows delivered, and rows that cleaning kept.
    alert_count
        Red alerts.
    avg_temp, avg_pressure
        Means of all kept readings, deg C and kPa.
    uptime_hours
        Largest uptime, h.
    """

    days: int
    first_day: date
    last_day: date
    total_records: int
    kept_records: int
    alert_count: int
    avg_temp: float | None
    avg_pressure: float | None
    uptime_hours: float | None

    @property
    def data_quality_score(self) -> float | None:
        """Rows kept, in percent of those delivered."""
        return 100 * self.kept_records / self.total_records if self.total_records else None


@dataclass(frozen=True)
class Reading:
    """A cleaned reading: deg C, kPa, h; alerts are none, yellow or red."""

    read_at: datetime
    temperature: float
    pressure: float
    uptime: float
    temperature_alert: str
    pressure_alert: str


def newest_reading(database: Database) -> Reading | None:
    """Return the newest cleaned reading; None before the first."""
    rows = database.rows(_NEWEST_READING)
    return Reading(*rows[0]) if rows else None


def kpis(database: Database, day: date) -> Kpis | None:
    """Return the key figures of a UTC day; None when it has none."""
    return read_kpis(database, day.isoformat())


def newest_day(database: Database) -> date | None:
    """Return the newest UTC day that has key figures; None without any."""
    ((day,),) = database.rows("select max(day) from rig.kpi")
    return day  # type: ignore[no-any-return]


def days(database: Database) -> list[date]:
    """Return the UTC days that have key figures, in order."""
    return [day for (day,) in database.rows("select day from rig.kpi order by day")]


def summary(database: Database) -> Summary | None:
    """Return what all days hold; None when there is none."""
    (row,) = database.rows(_SUMMARY)
    return Summary(*row) if row[0] else None


def version(database: Database) -> tuple[int, int]:
    """Return what changes whenever the readings of any day do: how many days, and when they were cleaned."""
    ((count, cleaned),) = database.rows(_VERSION)
    return count, cleaned


def record_count(database: Database) -> int:
    """Return how many cleaned readings are kept, from the account of each day."""
    return int(database.rows("select coalesce(sum(kept), 0) from rig.cleaned_day")[0][0])
