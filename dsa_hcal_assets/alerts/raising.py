"""Raising an alert: into the record, then through the channels, never into the caller's way."""

import logging
from collections.abc import Sequence
from typing import Any

import psycopg2

from dsa_hcal_assets.alerts import record
from dsa_hcal_assets.alerts.channels import Channel
from dsa_hcal_assets.alerts.model import Alert
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import DatabaseUnavailable, PlatformError

logger = logging.getLogger(__name__)

_RECORD_FAILURES = (DatabaseUnavailable, psycopg2.Error)


def raise_alert(database: Database, alert: Alert, channels: Sequence[Channel]) -> int | None:
    """Record an alert and deliver it; return its id, or None when it could not be recorded.

    An alert whose `dedup_key` belongs to an open one is that one: nothing is recorded or delivered
    again, until `record.resolve` says that the trouble is over. Without the database an alert is
    delivered all the same. A channel that fails is recorded under `delivered` and logged; nothing
    is raised, because whoever noticed trouble has work to go on with.
    """
    alert_id: int | None = None
    try:
        alert_id, new = record.insert(database, alert)
        if not new:
            return alert_id
    except _RECORD_FAILURES as error:
        logger.error("alert %r could not be recorded: %s", alert.title, error)
    delivered = {
        channel.name: _deliver(channel, alert)
        for channel in channels
        if alert.severity.rank >= channel.minimum.rank
    }
    if alert_id is not None and delivered:
        try:
            record.note_delivery(database, alert_id, delivered)
        except _RECORD_FAILURES as error:
            logger.error("delivery of alert %d could not be recorded: %s", alert_id, error)
    return alert_id


def _deliver(channel: Channel, alert: Alert) -> dict[str, Any]:
    try:
        channel.deliver(alert)
    except Exception as error:  # noqa: BLE001 - recorded; a channel's fault must not stop the caller
        reason = str(error) if isinstance(error, PlatformError) else type(error).__name__
        logger.error("alert %r was not delivered by %s: %s", alert.title, channel.name, reason)
        return {"at": utc_now().isoformat(), "ok": False, "error": reason}
    return {"at": utc_now().isoformat(), "ok": True, "error": None}
