"""What an alert is while it travels between jobs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.errors import BadInput

Severity = Literal["debug", "info", "warning", "error", "critical"]


class BadAlert(BadInput):
    """A message of the alerts' topics is not an alert."""


@dataclass(frozen=True)
class AlertMessage:
    """One trouble, or its end.

    Attributes
    ----------
    severity
        How urgent it is.
    title
        One line: what happened to what.
    message
        What it means and what to do.
    source
        Who noticed: `<supervisor>/<job>`.
    category
        Kind of trouble.
    details
        Values for machines, as JSON can say them.
    dedup_key
        Alerts with one key are one trouble; empty: every alert is its own.
    recovered
        Whether this says that the trouble is over.
    raised_at
        When it was noticed, UTC.
    """

    severity: Severity
    title: str
    message: str = ""
    source: str = ""
    category: str = "acquisition"
    details: Mapping[str, Any] = field(default_factory=dict)
    dedup_key: str = ""
    recovered: bool = False
    raised_at: datetime = field(default_factory=utc_now)

    @classmethod
    def from_value(cls, value: object) -> "AlertMessage":
        """Return the alert that a message's value says.

        Raises
        ------
        BadAlert
            If it says something else.
        """
        try:
            return msgspec.convert(value, cls)
        except msgspec.ValidationError as error:
            raise BadAlert("a message of the alerts is not an alert", found=str(error)) from error
