"""What went wrong with peers: counted by type, told when it is new, never a reason to stop for others."""

import logging
import time
from collections import Counter

from dsa_hcal_assets.errors import PermanentError, PlatformError, TransientError

logger = logging.getLogger(__name__)
REPEAT_AFTER = 60.0
"""Seconds after which a trouble that lasts is told again."""


class KeyRefused(PermanentError):
    """A key is not on the list of those that are let in."""


class HandshakeFailed(PermanentError):
    """Somebody connected without CURVE, or expects another key on this side."""


class WrongPeer(PermanentError):
    """A peer says it is somebody other than its key says."""


class PeerAway(TransientError):
    """A peer has not been heard of for a while."""


class ClockSkew(TransientError):
    """The clock of a peer differs from the one here."""


class PeerRefuses(PermanentError):
    """A peer does not talk to this supervisor."""


class Troubles:
    """Counts errors by their type and tells them to the log, repeated ones once a minute."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._told: dict[tuple[str, str], float] = {}

    def note(self, peer: str, error: PlatformError) -> None:
        """Count `error` of `peer`, and tell it unless that was done within the last minute."""
        kind = type(error).__name__
        self._counts[kind] += 1
        now = time.monotonic()
        if now - self._told.get((peer, kind), -REPEAT_AFTER) >= REPEAT_AFTER:
            self._told[peer, kind] = now
            logger.warning("%s: %s", kind, error, extra={"peer": peer, **_prefixed(error)})

    def counts(self) -> dict[str, int]:
        """Return how often each type of error was met."""
        return dict(self._counts)


def _prefixed(error: PlatformError) -> dict[str, object]:
    return {f"error_{key}": value for key, value in error.as_record().items()}
