"""What an alert is."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from dsa_hcal_assets.clock import utc_now


class Severity(StrEnum):
    """How urgent an alert is, in rising order."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Python's logging level of the same name; larger is more urgent."""
        return logging.getLevelNamesMapping()[self.name]


@dataclass(frozen=True)
class Alert:
    """One message about one trouble.

    Parameters
    ----------
    severity
        How urgent it is.
    category
        Kind of trouble, such as ``check``, ``run``, ``acquisition``, ``storage``.
    title
        One line: what happened to what.
    message
        What it means and what to do.
    source
        Component or instrument that noticed: ``hcal``, ``radio``, ``rig``, ``platform``.
    partition, run_id
        What it is about, where that applies.
    details
        Values for machines, JSON.
    dedup_key
        Alerts with one key are one trouble: while it is open, telling it again is silent, unless it
        got more urgent. Empty: every alert counts.
    """

    severity: Severity
    category: str
    title: str
    message: str = ""
    source: str = ""
    partition: str | None = None
    run_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    dedup_key: str = ""
    raised_at: datetime = field(default_factory=utc_now)

    def as_json(self) -> dict[str, Any]:
        """Return the alert as JSON for a webhook."""
        return {
            "severity": self.severity.value,
            "category": self.category,
            "title": self.title,
            "message": self.message,
            "source": self.source,
            "partition": self.partition,
            "run_id": self.run_id,
            "details": dict(self.details),
            "dedup_key": self.dedup_key or None,
            "raised_at": self.raised_at.isoformat(),
        }
