"""Which days have something to do: snapshots to load, or telemetry no report shows yet.

It is read from the ledger and the tables alone, so whoever asks after a crash finds the same days.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.ledger import Ledger

# A run that loaded a day also reports it within minutes; a mark older than this belongs to nobody.
ABANDONED = timedelta(minutes=15)

_ABANDONED = """
select day::text, arrival_id from hcal.due_day where source = %s and marked_at < clock_timestamp() - %s
"""
_MARK = """
insert into hcal.due_day (source, day, arrival_id) values (%s, %s, %s)
on conflict (source, day) do update
    set arrival_id = greatest(hcal.due_day.arrival_id, excluded.arrival_id), marked_at = clock_timestamp()
"""


@dataclass(frozen=True)
class DueDay:
    """A UTC day with something to do; `version` changes with the newest snapshot file."""

    day: str
    version: str
    note: str


def due_days(
    database: Database, ledger: Ledger, source: str, *, abandoned: timedelta = ABANDONED
) -> list[DueDay]:
    """Return the days with pending snapshots, and those whose processing was abandoned, in order."""
    pending: dict[str, list[int]] = {}
    for arrival in ledger.pending(source):
        pending.setdefault(arrival.partition, []).append(arrival.arrival_id)
    due = {
        day: DueDay(day, str(max(ids)), f"{len(ids)} snapshots, arrivals {min(ids)} to {max(ids)}")
        for day, ids in pending.items()
    }
    for day, arrival_id in database.rows(_ABANDONED, (source, abandoned)):
        due.setdefault(day, DueDay(day, str(arrival_id), "loaded but never reported"))
    return [due[day] for day in sorted(due)]


def mark(cursor: Cursor, source: str, day: date, arrival_id: int) -> None:
    """Put `day` on the list, in the transaction that loads something of it."""
    cursor.execute(_MARK, (source, day, arrival_id))


def marked_at(database: Database, source: str, day: str) -> datetime | None:
    """Return when telemetry of `day` was last loaded, None if its report shows all of it."""
    rows = database.rows("select marked_at from hcal.due_day where source = %s and day = %s", (source, day))
    return rows[0][0] if rows else None


def reported(database: Database, source: str, day: str, as_of: datetime | None) -> None:
    """Take `day` off the list, unless telemetry was loaded after `as_of` (from `marked_at`)."""
    statement = "delete from hcal.due_day where source = %s and day = %s and marked_at <= %s"
    with database.transaction() as cursor:
        cursor.execute(statement, (source, day, as_of))
