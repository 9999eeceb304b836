"""What is due to a channel, within its limits, and what became of it; all inside the caller's transaction.

Belongs here: the statements. Not here: sending (`delivery`). Whoever has the channel's lock may send; it ends
with the transaction, also when the sender is killed, and what was not noted as sent is due again.
"""

from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.alerts import notices
from dsa_hcal_assets.alerts.model import Severity
from dsa_hcal_assets.alerts.notices import Notice
from dsa_hcal_assets.alerts.outlets import Limits
from dsa_hcal_assets.alerts.record import COLUMNS, entry

TITLES_IN_DIGEST = 10
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 4.0, 600.0
GIVE_UP_AFTER = "3 days"
"""How long a notice is tried that the channel answers with a refusal; an outage is waited out for ever."""

_SILENCE = """
update platform.alert_delivery d set state = 'silenced', silence_id = found.silence
  from (select due.id, platform.silence_of(a) as silence
          from platform.alert_delivery due join platform.alert a on a.id = due.alert_id
         where due.channel = %(channel)s and due.state = 'due' and due.kind = 'raised'
           and exists (select from platform.alert_silence
                        where lifted_at is null and ends_at > clock_timestamp())
       ) found
 where d.id = found.id and found.silence is not null
"""
# What is still wrong when its silence ends is told then. Single events are not: they are old by then.
_END_SILENCES = """
update platform.alert_delivery d
   set state = case when going_on then 'due' else 'dropped' end,
       done_at = case when going_on then null else clock_timestamp() end
  from platform.alert a,
       lateral (select a.resolved_at is null and a.acknowledged_at is null and a.dedup_key is not null)
           as one (going_on)
 where a.id = d.alert_id and d.channel = %(channel)s and d.state = 'silenced'
   and platform.silence_of(a) is null
"""
_CLOSE_WINDOWS = """
update platform.alert_window w set closed_at = clock_timestamp()
 where w.channel = %(channel)s and w.closed_at is null and w.ends_at <= clock_timestamp()
   and not exists (
       select from platform.alert_delivery d join platform.alert a on a.id = d.alert_id
        where d.channel = w.channel and d.state = 'due'
          and a.category = w.category and lower(a.severity) = w.severity)
"""
_DIGEST = """
select w.id, w.severity, w.category, w.attempts, held.*
  from platform.alert_window w,
       lateral (
           select array_agg(d.id),
                  count(*) filter (where d.kind = 'raised'), count(*) filter (where d.kind = 'recovered'),
                  min(a.raised_at), max(a.last_raised_at),
                  (array_agg(a.title order by d.kind, d.id))[:%(titles)s]
             from platform.alert_delivery d join platform.alert a on a.id = d.alert_id
            where d.channel = w.channel and d.state = 'due'
              and a.category = w.category and lower(a.severity) = w.severity
       ) held
 where w.channel = %(channel)s and w.closed_at is null
   and w.ends_at <= clock_timestamp() and w.not_before <= clock_timestamp()
 order by w.ends_at
 limit 1
"""
_NEXT = """
select d.id, d.kind, d.attempts, w.id, {columns}
  from platform.alert_delivery d join platform.alert a on a.id = d.alert_id
  left join platform.alert_window w
    on w.channel = d.channel and w.closed_at is null
   and w.category = a.category and w.severity = lower(a.severity)
 where d.channel = %(channel)s and d.state = 'due' and d.not_before <= clock_timestamp()
   and (w.id is null or (w.sent < %(most)s and w.ends_at > clock_timestamp()))
   and (d.kind = 'raised' or not exists (
        select from platform.alert_delivery before
         where before.alert_id = d.alert_id and before.channel = d.channel
           and before.kind = 'raised' and before.state = 'due'))
 order by array_position(array['critical', 'error', 'warning', 'info', 'debug'], lower(a.severity)), d.id
 limit 1
""".replace("{columns}", COLUMNS)
_SENT = """
with done as (
    update platform.alert_delivery set state = 'sent', done_at = clock_timestamp(), error = null
     where id = %(id)s
), counted as (
    update platform.alert_window set sent = sent + 1 where id = %(window)s
)
insert into platform.alert_window (channel, category, severity, ends_at)
select %(channel)s, %(category)s, %(severity)s, clock_timestamp() + make_interval(secs => %(window_seconds)s)
 where %(window)s::bigint is null
"""
_DIGESTED = """
with done as (
    update platform.alert_delivery set state = 'digested', done_at = clock_timestamp(), error = null
     where id = any(%(ids)s)
)
update platform.alert_window set closed_at = clock_timestamp(), digested = cardinality(%(ids)s)
 where id = %(window)s
"""
_FAILED = """
update platform.alert_delivery d
   set attempts = attempts + 1, error = %(error)s,
       not_before = clock_timestamp() + make_interval(secs => %(pause)s),
       state = case when refused then 'refused' else state end,
       done_at = case when refused then clock_timestamp() end
  from (select %(refused)s and a.raised_at < clock_timestamp() - %(give_up)s::interval as refused
          from platform.alert a join platform.alert_delivery tried on tried.alert_id = a.id
         where tried.id = %(id)s) known
 where d.id = %(id)s
"""
_AWAY = """
update platform.alert_delivery set not_before = clock_timestamp() + make_interval(secs => %(pause)s)
 where channel = %(channel)s and state = 'due' and not_before <= clock_timestamp()
"""
_DIGEST_FAILED = """
update platform.alert_window
   set attempts = attempts + 1, not_before = clock_timestamp() + make_interval(secs => %(pause)s)
 where id = %(window)s
"""


@dataclass(frozen=True)
class Single:
    """One alert, or its end, to be told alone."""

    delivery_id: int
    attempts: int
    window_id: int | None
    category: str
    notice: Notice


@dataclass(frozen=True)
class Digest:
    """The others of a window that is over, to be told together."""

    window_id: int
    attempts: int
    delivery_ids: tuple[int, ...]
    notice: Notice


def lock(cursor: Cursor, channel: str) -> bool:
    """Tell whether this transaction may send to the channel: one at a time does."""
    cursor.execute(
        "select pg_try_advisory_xact_lock(hashtext('platform.alert_delivery'), hashtext(%s))", (channel,)
    )
    row = cursor.fetchone()
    return bool(row and row[0])


def settle(cursor: Cursor, channel: str) -> None:
    """Let silences begin and end, and close windows that need no digest."""
    for statement in (_SILENCE, _END_SILENCES, _CLOSE_WINDOWS):
        cursor.execute(statement, {"channel": channel})


def next_due(cursor: Cursor, channel: str, limits: Limits) -> Single | Digest | None:
    """Return what is to be sent now: a digest, else the most urgent notice within the limits."""
    return _digest(cursor, channel) or _single(cursor, channel, limits)


def note_sent(cursor: Cursor, channel: str, job: Single | Digest, limits: Limits) -> None:
    """Note that the channel took it."""
    if isinstance(job, Digest):
        cursor.execute(_DIGESTED, {"ids": list(job.delivery_ids), "window": job.window_id})
        return
    cursor.execute(
        _SENT,
        {
            "id": job.delivery_id,
            "window": job.window_id,
            "channel": channel,
            "category": job.category,
            "severity": job.notice.severity.value,
            "window_seconds": limits.window_seconds,
        },
    )


def note_failure(cursor: Cursor, channel: str, job: Single | Digest, error: str, *, refused: bool) -> None:
    """Note that the channel did not take it, and when it is tried again.

    A channel that is away is spared the others too until then; one that refuses gets the next.
    """
    pause = min(FIRST_PAUSE_SECONDS * 2 ** min(job.attempts, 16), LONGEST_PAUSE_SECONDS)
    if isinstance(job, Digest):
        cursor.execute(_DIGEST_FAILED, {"window": job.window_id, "pause": pause})
    else:
        cursor.execute(
            _FAILED,
            {
                "id": job.delivery_id,
                "error": error,
                "pause": pause,
                "refused": refused,
                "give_up": GIVE_UP_AFTER,
            },
        )
    if not refused:
        cursor.execute(_AWAY, {"channel": channel, "pause": pause})


def _digest(cursor: Cursor, channel: str) -> Digest | None:
    cursor.execute(_DIGEST, {"channel": channel, "titles": TITLES_IN_DIGEST})
    row = cursor.fetchone()
    if row is None or row[4] is None:
        return None
    window_id, severity, category, attempts, ids, count, over, since, until, titles = row
    notice = notices.digest(
        Severity(severity),
        category,
        count=count,
        over=over,
        since=since,
        until=until,
        titles=titles[: count or over],
    )
    return Digest(window_id, attempts, tuple(ids), notice)


def _single(cursor: Cursor, channel: str, limits: Limits) -> Single | None:
    cursor.execute(_NEXT, {"channel": channel, "most": limits.most})
    row = cursor.fetchone()
    if row is None:
        return None
    delivery_id, kind, attempts, window_id = row[:4]
    found = entry(row[4:])
    if kind == "raised":
        notice = notices.raised(found.alert, found.alert_id)
    else:
        notice = notices.recovered(found.alert, found.alert_id, found.resolved_at or _never())
    return Single(delivery_id, attempts, window_id, found.alert.category, notice)


def _never() -> datetime:
    raise RuntimeError("the end of an alert that is open is due")
