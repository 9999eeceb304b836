"""Radio groups that wait to be processed: whether processing keeps up with what is being taken."""

from datetime import datetime, timedelta

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.watch.condition import Condition, graded

LIVE = timedelta(days=1)  # older data are a backlog, which may take its time

_WAITING = """
select count(*), min(waiting.since)
  from (select g.group_key, min(a.received_at) as since
          from platform.arrival a join radio.observation_group g on g.group_key = a.partition
         where a.source = 'uvh5' and a.state = 'pending' and a.settled
           and g.state not in ('collecting', 'failed') and g.first_sample > %s
         group by g.group_key) waiting
"""


def groups_waiting(database: Database, now: datetime, warning: int, error: int) -> list[Condition]:
    """Return that too many groups of the last day are whole and not taken up, if so."""
    [(count, since)] = database.rows(_WAITING, (require_utc(now) - LIVE,))
    severity = graded(count, warning, error)
    if severity is None:
        return []
    return [
        Condition(
            "groups",
            severity,
            "queue",
            f"{count} groups wait to be processed",
            f"The oldest has waited since {since:%Y-%m-%d %H:%M} UTC: processing does not keep up with what "
            "is being taken. See what runs (Dagster UI, Runs), and `dsa-hcal groups`.",
            source="radio",
            details={"waiting": count},
        )
    ]
