"""Waiting for another process: short naps first, longer ones when nothing happens."""

import math
import time

SHORTEST, LONGEST = 50e-6, 0.02


class Patience:
    """Naps from 50 microseconds to 20 ms, until a deadline.

    Parameters
    ----------
    timeout
        Seconds from now, None for ever.
    """

    def __init__(self, timeout: float | None) -> None:
        self._began = time.monotonic()
        self._deadline = math.inf if timeout is None else self._began + timeout

    def wait(self) -> bool:
        """Sleep once; return False, without sleeping, when the deadline has passed."""
        now = time.monotonic()
        if now >= self._deadline:
            return False
        # a quarter of what has been waited adds at most that much to the delay
        nap = min(LONGEST, max(SHORTEST, (now - self._began) / 4))
        time.sleep(min(nap, self._deadline - now))
        return True
