"""A trouble that lasts: found by looking, not by an event."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dsa_hcal_assets.alerts import Alert, Severity


@dataclass(frozen=True)
class Condition:
    """One thing that is wrong now.

    Parameters
    ----------
    name
        What has the trouble; within its scope the same name is the same trouble at every look.
    severity
        How bad it is now.
    category, title, message, source, partition, run_id, details
        As of `Alert`.
    """

    name: str
    severity: Severity
    category: str
    title: str
    message: str = ""
    source: str = "platform"
    partition: str | None = None
    run_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def key(self, scope: str) -> str:
        """Return the key of its alert."""
        return f"{scope}:{self.name}"

    def alert(self, scope: str) -> Alert:
        """Return the alert that tells it."""
        return Alert(
            self.severity,
            category=self.category,
            title=self.title,
            message=self.message,
            source=self.source,
            partition=self.partition,
            run_id=self.run_id,
            details=self.details,
            dedup_key=self.key(scope),
        )


def graded(value: float, warning: float, error: float) -> Severity | None:
    """Return how bad a number is: from `warning` on a warning, from `error` on an error; None below."""
    if value >= error:
        return Severity.ERROR
    return Severity.WARNING if value >= warning else None
