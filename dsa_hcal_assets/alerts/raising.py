"""Raising an alert: into the log and the record, never into the caller's way.

What the record has is delivered by others (`delivery`). Only without the database the caller delivers.
"""

import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Sequence

import psycopg2

from dsa_hcal_assets.alerts import notices, record
from dsa_hcal_assets.alerts.channels import Channel, log_alert
from dsa_hcal_assets.alerts.journal import Journal
from dsa_hcal_assets.alerts.model import Alert
from dsa_hcal_assets.alerts.outlets import Limits
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import DatabaseUnavailable, PlatformError

logger = logging.getLogger(__name__)

_RECORD_FAILURES = (DatabaseUnavailable, psycopg2.Error)


def raise_alert(
    database: Database, alert: Alert, channels: Sequence[Channel], journal: Journal | None = None
) -> int | None:
    """Log and record an alert for `channels`; return its id, or None when it could not be recorded.

    An alert whose `dedup_key` belongs to an open one that is as urgent is that one: it is counted, and
    nothing is told again until `record.resolve` says that the trouble is over. Without the database an
    alert is delivered from here, within the limits as this process knows them, and kept in `journal`,
    which the next one that can be recorded enters. Nothing is raised, because whoever noticed trouble
    has work to go on with.
    """
    try:
        if journal is not None:
            _enter(journal, database)
        alert_id, new = record.insert(database, alert, [channel.name for channel in channels])
    except _RECORD_FAILURES as error:
        logger.error("alert %r could not be recorded: %s", alert.title, error)
        tell_unrecorded(alert, channels, journal)
        return None
    if new:
        log_alert(alert)
    return alert_id


_LIMITS = Limits()


def end_alert(database: Database, dedup_key: str, journal: Journal) -> None:
    """Record that the trouble with this key is over, or keep that in `journal` until it can be.

    Raises
    ------
    OSError
        If it can neither be recorded nor kept.
    """
    try:
        _enter(journal, database)
        record.resolve(database, dedup_key)
    except _RECORD_FAILURES as error:
        logger.error("the end of %r could not be recorded: %s", dedup_key, error)
        journal.keep_end(dedup_key)


class _Told:
    """What this process told without the record: its own limits while there are no common ones."""

    def __init__(self, limits: Limits = _LIMITS) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._times: dict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._keys: dict[str, float] = {}

    def allows(self, alert: Alert) -> bool:
        """Tell whether an alert may be told now, and count it."""
        now = time.monotonic()
        with self._lock:
            if alert.dedup_key and now < self._keys.get(alert.dedup_key, now):
                return False
            times = self._times[alert.category, alert.severity.value]
            while times and times[0] <= now - self._limits.window_seconds:
                times.popleft()
            if len(times) >= self._limits.most:
                return False
            times.append(now)
            self._keys = {key: until for key, until in self._keys.items() if until > now}
            if alert.dedup_key:
                self._keys[alert.dedup_key] = now + self._limits.window_seconds
            return True


_told = _Told()


def _enter(journal: Journal, database: Database) -> None:
    """Enter what was kept; what is wrong with that must not keep what is new from being recorded."""
    try:
        journal.enter(database)
    except (psycopg2.Error, OSError) as error:
        logger.error("what was noticed without the database could not be recorded yet: %s", error)


def tell_unrecorded(alert: Alert, channels: Sequence[Channel], journal: Journal | None = None) -> None:
    """Log an alert, deliver it from here, to each channel once, and keep it with what is left to do."""
    log_alert(alert)
    told = _deliver(alert, channels) if channels and _told.allows(alert) else []
    if journal is None:
        return
    try:
        journal.keep(alert, due=[one.name for one in channels if one.name not in told], told=told)
    except OSError as error:
        logger.error("alert %r could not be kept: %s", alert.title, error)


def _deliver(alert: Alert, channels: Sequence[Channel]) -> list[str]:
    """Return the names of the channels that took it."""
    notice, told = notices.raised(alert), []
    for channel in channels:
        try:
            channel.deliver(notice)
        except Exception as error:  # noqa: BLE001 - logged; a channel's fault must not stop the caller
            reason = str(error) if isinstance(error, PlatformError) else type(error).__name__
            logger.error("alert %r was not delivered by %s: %s", alert.title, channel.name, reason)
        else:
            told.append(channel.name)
    return told
