"""The list of runs, from the events that say when each started and ended."""

from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.hcal.events.event import ControlEvent, Kind

_OTHER_END = "select at from hcal.event where run_number = %s and kind = %s"
_REFRESH = """
insert into hcal.run (run_number, started_at, ended_at, kind)
select s.run_number, s.at, e.at, s.value ->> 'kind'
from hcal.event s
left join hcal.event e on e.run_number = s.run_number and e.kind = 'run_ended'
where s.run_number = %s and s.kind = 'run_started'
on conflict (run_number) do update
    set started_at = excluded.started_at, ended_at = excluded.ended_at, kind = excluded.kind
"""


class RunEndsBeforeItStarts(BadInput):
    """Start and end of a run contradict each other; the one that came second is refused."""


def require_consistent(cursor: Cursor, event: ControlEvent) -> None:
    """Refuse the start or end of a run that would make it end before it starts.

    Raises
    ------
    RunEndsBeforeItStarts
        If the other end of the run is recorded and on the wrong side.
    """
    if event.kind not in (Kind.RUN_STARTED, Kind.RUN_ENDED):
        return
    starts = event.kind is Kind.RUN_STARTED
    cursor.execute(_OTHER_END, (event.run_number, str(Kind.RUN_ENDED if starts else Kind.RUN_STARTED)))
    for (other,) in cursor.fetchall():
        if (other < event.at) if starts else (event.at < other):
            raise RunEndsBeforeItStarts(
                f"run {event.run_number} ends before it starts",
                expected=f"{event.kind} {'until' if starts else 'from'} {other.isoformat()}",
                found=event.at.isoformat(),
                remedy="find out which of the two events is wrong",
            )


def refresh(cursor: Cursor, run_number: int) -> None:
    """Bring the row of a run up to date; a run of which only the end is known has none."""
    cursor.execute(_REFRESH, (run_number,))
