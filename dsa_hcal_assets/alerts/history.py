"""Looking for alerts in the record, and at how they were told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from dsa_hcal_assets.alerts.model import Severity
from dsa_hcal_assets.alerts.record import COLUMNS, Entry, entry
from dsa_hcal_assets.database.connection import Database

_SEARCH = """
select {columns}, platform.silence_of(a)
  from platform.alert a
 where (%(severities)s::text[] is null or lower(a.severity) = any(%(severities)s))
   and (%(category)s::text is null or a.category = %(category)s)
   and (%(source)s::text is null or a.source = %(source)s)
   and (%(partition)s::text is null or a.partition = %(partition)s)
   and (%(since)s::timestamptz is null or a.last_raised_at >= %(since)s)
   and (%(until)s::timestamptz is null or a.raised_at < %(until)s)
   and (%(before)s::bigint is null or a.id < %(before)s)
   and {standing}
 order by a.id desc
 limit %(limit)s
""".replace("{columns}", COLUMNS)
_ONE = "select {columns}, platform.silence_of(a) from platform.alert a where a.id = %s".replace(
    "{columns}", COLUMNS
)
_DELIVERIES = """
select channel, kind, state, attempts, case when state = 'due' then not_before end, done_at, error, silence_id
  from platform.alert_delivery
 where alert_id = %s
 order by id
"""
# Each part reads one index: what waits is little, and of what was taken only the newest is looked at.
_CHANNELS = """
with recursive taken as (
    (select channel from platform.alert_delivery where state in ('sent', 'digested') order by channel limit 1)
    union all
    select (select d.channel from platform.alert_delivery d
             where d.state in ('sent', 'digested') and d.channel > taken.channel order by d.channel limit 1)
      from taken where taken.channel is not null
), known (name) as (
    select channel from taken where channel is not null
    union select channel from platform.alert_delivery where state = 'due'
    union select channel from platform.alert_delivery where state = 'silenced'
)
select name,
       (select count(*) from platform.alert_delivery where channel = known.name and state = 'due'),
       (select count(*) from platform.alert_delivery where channel = known.name and state = 'silenced'),
       (select done_at from platform.alert_delivery
         where channel = known.name and state in ('sent', 'digested') order by done_at desc limit 1),
       (select error from platform.alert_delivery
         where channel = known.name and state = 'due' and error is not null order by id desc limit 1)
  from known
 order by name
"""


class Standing(StrEnum):
    """Where a trouble stands."""

    OPEN = "open"
    UNACKNOWLEDGED = "unacknowledged"
    RESOLVED = "resolved"


_STANDING = {
    None: "true",
    Standing.OPEN: "a.resolved_at is null",
    Standing.UNACKNOWLEDGED: "a.resolved_at is null and a.acknowledged_at is null",
    Standing.RESOLVED: "a.resolved_at is not null",
}


@dataclass(frozen=True)
class Found:
    """An alert, and the silence in force that it matches, if any."""

    entry: Entry
    silence_id: int | None


@dataclass(frozen=True)
class Delivery:
    """How an alert, or its end, went to a channel. The states are those of `platform.alert_delivery`.

    Attributes
    ----------
    next_try_at
        When it may be tried, while it is due.
    """

    channel: str
    kind: str
    state: str
    failed_attempts: int
    next_try_at: datetime | None
    done_at: datetime | None
    error: str | None
    silence_id: int | None


@dataclass(frozen=True)
class ChannelState:
    """What waits for a channel, when it last took something, and what the last failed try met."""

    channel: str
    due: int
    silenced: int
    last_taken_at: datetime | None
    error: str | None


def search(
    database: Database,
    *,
    least: Severity | None = None,
    category: str | None = None,
    source: str | None = None,
    partition: str | None = None,
    standing: Standing | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Found]:
    """Return alerts, newest first.

    Parameters
    ----------
    least
        Only those at least so urgent.
    since, until
        Only those told at or after, and first told before; aware.
    before
        Only those with a smaller id: the next page.
    """
    values = {
        "severities": None if least is None else [one.value for one in Severity if one.rank >= least.rank],
        "category": category,
        "source": source,
        "partition": partition,
        "since": since,
        "until": until,
        "before": before,
        "limit": limit,
    }
    return [_found(row) for row in database.rows(_SEARCH.replace("{standing}", _STANDING[standing]), values)]


def one(database: Database, alert_id: int) -> Found | None:
    """Return an alert by its id; None when there is none."""
    rows = database.rows(_ONE, (alert_id,))
    return _found(rows[0]) if rows else None


def deliveries(database: Database, alert_id: int) -> list[Delivery]:
    """Return how an alert was told, in order."""
    return [Delivery(*row) for row in database.rows(_DELIVERIES, (alert_id,))]


def channel_states(database: Database) -> list[ChannelState]:
    """Return the state of every channel that took something or for which something waits."""
    return [ChannelState(*row) for row in database.rows(_CHANNELS)]


def _found(row: Sequence[Any]) -> Found:
    return Found(entry(tuple(row[:-1])), row[-1])
