"""The newest alerts and how many are open: the one question of those who watch."""

from dataclasses import dataclass, fields
from datetime import datetime

from psycopg2.extensions import cursor as Cursor


@dataclass(frozen=True)
class NewAlert:
    """An alert in brief; `resolved_at` is None while its trouble goes on."""

    id: int
    raised_at: datetime
    severity: str
    category: str
    title: str
    message: str
    source: str
    partition: str | None
    run_id: str | None
    acknowledged_at: datetime | None
    resolved_at: datetime | None


_NEWEST = f"""
select {", ".join(one.name for one in fields(NewAlert))} from platform.alert order by id desc limit %s
"""  # noqa: S608 - names of the class above
_OPEN = """
select lower(severity), count(*) from platform.alert where resolved_at is null
 group by lower(severity) order by lower(severity)
"""


def newest(cursor: Cursor, most: int) -> list[NewAlert]:
    """Return the alerts that were raised last, newest first, over or not."""
    cursor.execute(_NEWEST, (most,))
    return [NewAlert(*row) for row in cursor.fetchall()]


def open_counts(cursor: Cursor) -> dict[str, int]:
    """Return how many alerts are open, by severity."""
    cursor.execute(_OPEN)
    return dict(cursor.fetchall())
