"""What a channel is, and the one every installation has: the log.

Belongs here: the interface. Not here: what failed delivery means (`outbox` has it tried again) and who
gets what (`outlets`).
"""

import logging
from typing import Protocol

from dsa_hcal_assets.alerts.model import Alert
from dsa_hcal_assets.alerts.notices import Notice
from dsa_hcal_assets.errors import TransientError

logger = logging.getLogger(__name__)


class DeliveryFailed(TransientError):
    """A channel did not take a notice; it is tried again.

    Parameters
    ----------
    refused
        Whether the channel answered and refuses this notice; else it is the channel that is away.
    """

    def __init__(self, what: str, *, found: str, remedy: str, refused: bool = False) -> None:
        super().__init__(what, found=found, remedy=remedy)
        self.refused = refused


class Channel(Protocol):
    """One way to tell people."""

    @property
    def name(self) -> str:
        """Name in routes and in the record."""
        ...

    def deliver(self, notice: Notice) -> None:
        """Deliver `notice` or raise `DeliveryFailed` within a bounded time."""
        ...


def log_alert(alert: Alert) -> None:
    """Log an alert at its severity's level, as one line: control characters are escaped."""
    where = " ".join(part for part in (alert.source, alert.partition) if part)
    text = f"[{alert.category}] {alert.title}" + (f": {alert.message}" if alert.message else "")
    line = f"{text} ({where})" if where else text
    logger.log(alert.severity.rank, "%s", line.encode("unicode_escape").decode("ascii"))
