"""When a group is complete, goes on without the subbands it lacks, or is given up.

What a group holds is derived from the ledger whenever the ledger says that it changed: accepted,
rejected and released files count alike, and what a crash left undone the next look does.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.ledger.ledger import Ledger
from dsa_hcal_assets.radio.ingest.groups import COLUMNS, SOURCE, ObservationGroup
from dsa_hcal_assets.settings.radio import RadioSettings

# groups derived anew in one transaction
BATCH = 1000
# Held: the subbands that count, by the numbers at the end of their subjects. A partial group stays
# partial and a failed one failed until what it holds changes, or grows.
_DERIVE = f"""
with held as (
    select g.group_key, count(a.arrival_id)::smallint as found,
           array(select number::smallint from generate_series(0, g.expected - 1) number
                 except select unnest(array_agg(substring(a.subject from '/sb(\\d+)$')::smallint))
                 order by 1) as missing,
           left(encode(sha256(convert_to(
               coalesce(string_agg(a.subject || ' ' || a.digest, E'\\n' order by a.subject collate "C"), ''),
               'UTF8')), 'hex'), 16) as content
      from radio.observation_group g
      left join platform.arrival a on a.source = %(source)s and a.partition = g.group_key
           and a.state <> 'quarantined' and a.settled
     where g.group_key = any(%(keys)s)
     group by g.group_key
), derived as (
    select held.*,
           case when held.found >= g.expected then 'complete'
                when g.state = 'partial' and g.content = held.content then 'partial'
                when g.state = 'failed' and held.found <= g.found then 'failed'
                else 'collecting' end as state
      from held join radio.observation_group g using (group_key)
)
update radio.observation_group g
   set found = d.found, missing = d.missing, content = d.content, state = d.state,
       last_seen = case when d.found <> g.found then %(now)s else g.last_seen end,
       failed_at = case when d.state = 'failed' then g.failed_at end,
       completed_at = case when d.state not in ('complete', 'partial') then null
                           when (d.state, d.content) = (g.state, g.content) then g.completed_at
                           else %(now)s end
  from derived d where d.group_key = g.group_key
returning {", ".join(f"g.{name}" for name in COLUMNS.split(", "))}
"""  # noqa: S608 - constants of this room
_OVERDUE = f"""
select {COLUMNS} from radio.observation_group
 where state = 'collecting' and last_seen <= %s order by group_key
"""  # noqa: S608
_DECIDE = f"""
update radio.observation_group
   set state = %(state)s, completed_at = case when %(state)s = 'partial' then %(now)s end,
       failed_at = case when %(state)s = 'failed' then %(now)s end
 where group_key = %(key)s and state = 'collecting' and last_seen = %(last_seen)s returning {COLUMNS}
"""  # noqa: S608
_REOPEN = f"""
update radio.observation_group set state = 'collecting', failed_at = null, last_seen = %s
 where group_key = %s and state = 'failed' returning {COLUMNS}
"""  # noqa: S608


def refresh_changed(database: Database, ledger: Ledger, now: datetime) -> list[ObservationGroup]:
    """Derive the groups anew whose subbands the ledger says have changed, and return them by key."""
    with database.transaction() as cursor:
        keys = ledger.take_changed(cursor, SOURCE, BATCH)
        return _derive(cursor, keys, now) if keys else []


def decide_overdue(database: Database, settings: RadioSettings, now: datetime) -> list[ObservationGroup]:
    """Let groups that got no subband for too long go on or fail; return those, each once, by key."""
    patience = timedelta(hours=settings.collect_hours)
    if settings.incomplete != "wait":
        patience = min(patience, timedelta(minutes=settings.complete_minutes))
    decided = []
    with database.transaction() as cursor:
        cursor.execute(_OVERDUE, (now - patience,))
        for group in [ObservationGroup(*row) for row in cursor.fetchall()]:
            state = decision(group, settings, now)
            if state is not None:
                values = {"state": state, "now": now, "key": group.key, "last_seen": group.last_seen}
                cursor.execute(_DECIDE, values)
                decided += [ObservationGroup(*row) for row in cursor.fetchall()]
    return decided


def decision(
    group: ObservationGroup, settings: RadioSettings, now: datetime
) -> Literal["partial", "failed"] | None:
    """Return what becomes of a collecting group by the operator's policy; None: it waits on."""
    quiet = now - group.last_seen
    if quiet >= timedelta(minutes=settings.complete_minutes):
        if settings.incomplete == "continue" and group.found >= settings.least_subbands(group.expected):
            return "partial"
        if settings.incomplete == "fail":
            return "failed"
    return "failed" if quiet >= timedelta(hours=settings.collect_hours) else None


def reopen(database: Database, key: str, now: datetime) -> ObservationGroup | None:
    """Let a failed group collect again, its patience starting anew; None if `key` is no failed group."""
    rows = database.rows(_REOPEN, (now, key))
    return ObservationGroup(*rows[0]) if rows else None


def _derive(cursor: Cursor, keys: Sequence[str], now: datetime) -> list[ObservationGroup]:
    cursor.execute(_DERIVE, {"source": SOURCE, "keys": keys, "now": now})
    return sorted((ObservationGroup(*row) for row in cursor.fetchall()), key=lambda group: group.key)
