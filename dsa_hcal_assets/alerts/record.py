"""The record of alerts in PostgreSQL: `platform.alert`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dsa_hcal_assets.alerts.model import Alert, Severity
from dsa_hcal_assets.database.connection import Database

_INSERT = """
insert into platform.alert (raised_at, severity, category, title, message, source, partition, run_id,
                            details, dedup_key)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
returning id
"""
_OPEN = """
select id, raised_at, severity, category, title, message, source, partition, run_id, details, dedup_key,
       delivered, acknowledged_at
  from platform.alert
 where resolved_at is null
 order by raised_at desc, id desc
 limit %s
"""


@dataclass(frozen=True)
class Entry:
    """An alert in the record, with what became of it."""

    alert_id: int
    alert: Alert
    delivered: Mapping[str, Any]
    acknowledged_at: datetime | None


def insert(database: Database, alert: Alert) -> tuple[int, bool]:
    """Enter an alert; return its id and whether it is new (False: its trouble is open already)."""
    with database.transaction() as cursor:
        if alert.dedup_key:
            cursor.execute(
                "select pg_advisory_xact_lock(hashtext('platform.alert'), hashtext(%s))", (alert.dedup_key,)
            )
            cursor.execute(
                "select id from platform.alert where dedup_key = %s and resolved_at is null "
                "order by id desc limit 1",
                (alert.dedup_key,),
            )
            known = cursor.fetchone()
            if known is not None:
                return int(known[0]), False
        cursor.execute(
            _INSERT,
            (
                alert.raised_at,
                alert.severity.value,
                alert.category,
                alert.title,
                alert.message,
                alert.source,
                alert.partition,
                alert.run_id,
                json.dumps(dict(alert.details), default=str),
                alert.dedup_key or None,
            ),
        )
        row = cursor.fetchone()
    if row is None:
        raise RuntimeError("insert into platform.alert returned no id")
    return int(row[0]), True


def note_delivery(database: Database, alert_id: int, delivered: Mapping[str, Any]) -> None:
    """Record, per channel, when and whether the alert was delivered."""
    with database.transaction() as cursor:
        cursor.execute(
            "update platform.alert set delivered = delivered || %s::jsonb where id = %s",
            (json.dumps(delivered), alert_id),
        )


def open_alerts(database: Database, limit: int = 100) -> list[Entry]:
    """Return the alerts whose trouble is not over, newest first."""
    return [_entry(row) for row in database.rows(_OPEN, (limit,))]


def acknowledge(database: Database, alert_id: int, who: str) -> bool:
    """Note that somebody takes care; False when there is no such alert or it was noted before."""
    with database.transaction() as cursor:
        cursor.execute(
            "update platform.alert set acknowledged_at = clock_timestamp(), acknowledged_by = %s "
            "where id = %s and acknowledged_at is null",
            (who, alert_id),
        )
        return cursor.rowcount == 1


def resolve(database: Database, dedup_key: str) -> int:
    """Note that the trouble with this key is over; return how many alerts that closes."""
    with database.transaction() as cursor:
        cursor.execute(
            "update platform.alert set resolved_at = clock_timestamp() "
            "where dedup_key = %s and resolved_at is null",
            (dedup_key,),
        )
        return cursor.rowcount


def _entry(row: tuple[Any, ...]) -> Entry:
    (alert_id, raised_at, severity, category, title, message, source, partition, run_id) = row[:9]
    details, dedup_key, delivered, acknowledged_at = row[9:]
    alert = Alert(
        severity=Severity(severity),
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
    return Entry(alert_id, alert, delivered, acknowledged_at)
