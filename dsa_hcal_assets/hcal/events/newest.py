"""The time line newest first, a page at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.events.event import Kind
from dsa_hcal_assets.hcal.events.timeline import EVENT_COLUMNS

_PAGE = f"""
select {", ".join(EVENT_COLUMNS)} from hcal.event
where at >= %(start)s and at < %(end)s and (at, event_id) < (%(before_time)s, %(before_id)s)
  and (%(kind)s is null or kind = %(kind)s) and (%(run_number)s is null or run_number = %(run_number)s)
order by at desc, event_id desc limit %(limit)s
"""  # noqa: S608 - constants of this package


@dataclass(frozen=True)
class RecordedEvent:
    """A row of `hcal.event`, which says what its columns mean."""

    event_id: int
    at: datetime
    kind: str
    detector: int | None
    half_sector: int | None
    tower_id: int | None
    run_number: int | None
    value: dict[str, Any]
    source: str
    recorded_at: datetime


def newest_events(
    database: Database,
    start: datetime,
    end: datetime,
    limit: int,
    *,
    before: tuple[datetime, int] | None = None,
    kind: Kind | None = None,
    run_number: int | None = None,
) -> list[RecordedEvent]:
    """Return the events with start <= at < end, newest first.

    Parameters
    ----------
    before
        (at, event_id) of the last one of the page before.
    kind, run_number
        None: all.
    """
    before_time, before_id = before or (end, 0)  # none is as late as `end`
    asked = {
        "start": require_utc(start),
        "end": require_utc(end),
        "before_time": require_utc(before_time),
        "before_id": before_id,
        "kind": kind and str(kind),
        "run_number": run_number,
        "limit": limit,
    }
    return [RecordedEvent(*row) for row in database.rows(_PAGE, asked)]
