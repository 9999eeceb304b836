"""The record of alerts in PostgreSQL, `platform.alert`, and what changes an alert's standing.

An alert and what is to be told about it are entered in one transaction (`platform.alert_delivery`), so
that neither is lost; `delivery` works that off.
"""

import hashlib
import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.alerts.model import Alert, Severity
from dsa_hcal_assets.database.connection import Database

logger = logging.getLogger(__name__)

NOTIFY = "platform_alert"
"""Notifications of the database: an alert's id when it was raised or closed."""

LONGEST_KEY = 500
"""Characters of a category or key; an index entry has to fit into a third of a page."""

_INSERT = """
insert into platform.alert (raised_at, last_raised_at, severity, category, title, message, source, partition,
                            run_id, details, dedup_key)
values (%(at)s, %(at)s, %(severity)s, %(category)s, %(title)s, %(message)s, %(source)s, %(partition)s,
        %(run_id)s, %(details)s, %(dedup_key)s)
returning id
"""
_DELIVERIES = """
insert into platform.alert_delivery (alert_id, channel, kind, state, done_at)
select %(id)s, channel, 'raised', 'due', null from unnest(%(due)s::text[]) channel
union all
select %(id)s, channel, 'raised', 'sent', clock_timestamp() from unnest(%(told)s::text[]) channel
"""
_SAME = """
select exists (select from platform.alert
                where raised_at = %(at)s and source = %(source)s
                  and category = %(category)s and title = %(title)s)
"""
_AGAIN = """
update platform.alert set times = times + 1, last_raised_at = greatest(last_raised_at, %s) where id = %s
"""
_SUPERSEDE = """
with over as (update platform.alert set resolved_at = clock_timestamp() where id = %(id)s)
update platform.alert_delivery set state = 'dropped', done_at = clock_timestamp()
 where alert_id = %(id)s and state in ('due', 'silenced')
"""
# Who heard of the trouble, or is going to, hears of its end; who was spared it is spared that too.
_RESOLVE = """
with over as (
    update platform.alert set resolved_at = clock_timestamp(), resolved_by = %(by)s
     where resolved_at is null and {which}
    returning id, category, title
), spared as (
    update platform.alert_delivery d set state = 'dropped', done_at = clock_timestamp()
      from over where d.alert_id = over.id and d.state = 'silenced'
), due as (
    insert into platform.alert_delivery (alert_id, channel, kind)
    select d.alert_id, d.channel, 'recovered'
      from platform.alert_delivery d join over on over.id = d.alert_id
     where d.kind = 'raised' and d.state in ('due', 'sent', 'digested')
     order by d.id
)
select id, category, title, pg_notify(%(notify)s, id::text) from over
"""
_OPEN_KEYS = """
select dedup_key, severity from platform.alert where resolved_at is null and starts_with(dedup_key, %s)
"""
COLUMNS = """
    a.id, a.raised_at, a.severity, a.category, a.title, a.message, a.source, a.partition, a.run_id, a.details,
    a.dedup_key, a.times, a.last_raised_at, a.acknowledged_at, a.acknowledged_by, a.resolved_at, a.resolved_by
"""
_OPEN = """
select {columns}
  from platform.alert a
 where a.resolved_at is null
 order by a.raised_at desc, a.id desc
 limit %s
""".replace("{columns}", COLUMNS)


@dataclass(frozen=True)
class Entry:
    """An alert in the record, with what became of it.

    Attributes
    ----------
    times, last_raised_at
        How often it was told while it was open, and when last.
    acknowledged_at, acknowledged_by
        When somebody took note, and who.
    resolved_at, resolved_by
        When it was over; by whom it was closed by hand.
    """

    alert_id: int
    alert: Alert
    times: int = 1
    last_raised_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None


def insert(
    database: Database, alert: Alert, channels: Sequence[str] = (), *, told: Sequence[str] = ()
) -> tuple[int, bool]:
    """Enter an alert and the channels it is due to; return its id and whether it is new.

    Channels in `told` have it already. Not new is a trouble that is open already: it is counted. If it got
    more urgent, the open alert is closed, without a word, and this one takes its place.
    """
    with database.transaction() as cursor:
        if alert.dedup_key:
            known = _open_with(cursor, _key(alert.dedup_key))
            if known is not None:
                alert_id, severity = known
                if alert.severity.rank <= severity.rank:
                    cursor.execute(_AGAIN, (alert.raised_at, alert_id))
                    return alert_id, False
                cursor.execute(_SUPERSEDE, {"id": alert_id})
        cursor.execute(_INSERT, _values(alert))
        row = cursor.fetchone()
        if row is None:
            raise RuntimeError("insert into platform.alert returned no id")
        cursor.execute(_DELIVERIES, {"id": row[0], "due": list(channels), "told": list(told)})
        cursor.execute("select pg_notify(%s, %s)", (NOTIFY, str(row[0])))
    return int(row[0]), True


def is_entered(database: Database, alert: Alert) -> bool:
    """Tell whether this very alert, of the same time and words, is in the record."""
    ((known,),) = database.rows(_SAME, _values(alert))
    return bool(known)


def resolve(database: Database, dedup_key: str) -> int:
    """Note that the trouble with this key is over; return how many alerts that closes."""
    return _resolve(database, "dedup_key = %(key)s", {"key": _key(dedup_key), "by": None})


def close_unsaid(database: Database, dedup_key: str) -> None:
    """Close what is open under this key and tell nobody: what it told has no end."""
    with database.transaction() as cursor:
        cursor.execute(
            "update platform.alert set resolved_at = clock_timestamp() "
            "where dedup_key = %s and resolved_at is null",
            (_key(dedup_key),),
        )


def resolve_alert(database: Database, alert_id: int, who: str) -> bool:
    """Close one alert by hand; False when there is no such alert or it is closed."""
    return _resolve(database, "id = %(id)s", {"id": alert_id, "by": who}) == 1


def acknowledge(database: Database, alert_id: int, who: str) -> bool:
    """Note that somebody takes care; False when there is no such alert or it was noted before."""
    with database.transaction() as cursor:
        cursor.execute(
            "update platform.alert set acknowledged_at = clock_timestamp(), acknowledged_by = %s "
            "where id = %s and acknowledged_at is null",
            (who, alert_id),
        )
        noted = cursor.rowcount == 1
        cursor.execute("select pg_notify(%s, %s)", (NOTIFY, str(alert_id)))
    return noted


def open_alerts(database: Database, limit: int = 100) -> list[Entry]:
    """Return the alerts whose trouble is not over, newest first."""
    return [entry(row) for row in database.rows(_OPEN, (limit,))]


def open_keys(database: Database, beginning: str) -> dict[str, Severity]:
    """Return how urgent the open alerts are whose keys begin with this text, by key."""
    rows = database.rows(_OPEN_KEYS, (beginning,))
    return {key: Severity(severity.lower()) for key, severity in rows}


def entry(row: tuple[Any, ...]) -> Entry:
    """Return what a row of `COLUMNS` says."""
    (alert_id, raised_at, severity, category, title, message, source, partition, run_id) = row[:9]
    details, dedup_key, times, last_raised_at, *standing = row[9:]
    alert = Alert(
        severity=Severity(severity.lower()),
        category=category,
        title=title,
        message=message,
        source=source,
        partition=partition,
        run_id=run_id,
        details=details,
        dedup_key=dedup_key or "",
        raised_at=raised_at,
    )
    return Entry(alert_id, alert, times, last_raised_at, *standing)


def _open_with(cursor: Cursor, dedup_key: str) -> tuple[int, Severity] | None:
    """Return the open alert of a key, which nobody else enters or looks for until the transaction ends."""
    cursor.execute("select pg_advisory_xact_lock(hashtext('platform.alert'), hashtext(%s))", (dedup_key,))
    cursor.execute(
        "select id, severity from platform.alert where dedup_key = %s and resolved_at is null "
        "order by id desc limit 1",
        (dedup_key,),
    )
    row = cursor.fetchone()
    return None if row is None else (int(row[0]), Severity(row[1].lower()))


def _resolve(database: Database, which: str, values: Mapping[str, Any]) -> int:
    with database.transaction() as cursor:
        cursor.execute(_RESOLVE.format(which=which), {**values, "notify": NOTIFY})
        closed = cursor.fetchall()
    for alert_id, category, title, _ in closed:
        logger.info("alert %d is over: [%s] %r", alert_id, category, title)
    return len(closed)


def _values(alert: Alert) -> dict[str, Any]:
    values = {**alert.as_json(), "at": alert.raised_at, "details": json.dumps(_storable(alert.details))}
    texts = {name: _storable(value) if isinstance(value, str) else value for name, value in values.items()}
    return {**texts, "category": texts["category"][:LONGEST_KEY], "dedup_key": _key(alert.dedup_key) or None}


def _key(dedup_key: str) -> str:
    """Return a key that an index can hold: of a longer one the beginning and a digest."""
    key = str(_storable(dedup_key))
    if len(key) <= LONGEST_KEY:
        return key
    return f"{key[:LONGEST_KEY]}:{hashlib.sha256(key.encode()).hexdigest()}"


def _storable(value: Any) -> Any:
    """Return `value` without what PostgreSQL's text and JSON cannot hold: an alert is not lost for a NUL.

    Names of files may hold bytes that are no text (surrogates), and JSON has no NaN.
    """
    if isinstance(value, str):
        return value.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {_storable(str(key)): _storable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float) else _storable(str(value))
