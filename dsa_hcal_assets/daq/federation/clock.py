"""How far a peer's clock is from the one here."""

from collections import deque

SAMPLES = 16


class PeerClock:
    """Estimates the difference from the times in heartbeats.

    A heartbeat that took long to come makes the peer's clock look late, never early: the largest
    difference of the last ones is the nearest to the truth.
    """

    def __init__(self) -> None:
        self._differences: deque[int] = deque(maxlen=SAMPLES)

    def heard(self, theirs_ns: int, ours_ns: int) -> None:
        """Note that the peer's clock said `theirs_ns` in what came when ours said `ours_ns`."""
        self._differences.append(theirs_ns - ours_ns)

    @property
    def ahead(self) -> float:
        """Seconds that the peer's clock is ahead, 0 before the first heartbeat."""
        return max(self._differences, default=0) / 1e9
