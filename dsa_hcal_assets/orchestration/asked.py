"""What a sensor has asked for already: once for each new thing, again while it stays undone.

Kept in the sensor's cursor and as small as its backlog. Pure bookkeeping; a test needs no Dagster.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

# Work whose run failed is asked for again this often, for ever: the failure itself is told by
# alerts, and ends when its cause does (a database or disk that comes back).
ASK_AGAIN_SECONDS = 900.0


@dataclass(frozen=True)
class Work:
    """A partition with something to do.

    Parameters
    ----------
    partition
        Its key.
    version
        Changes when there is something new to do for the partition, and only then.
    note
        Shown as a tag of the run ("14 arrivals, 3018 to 3031").
    live
        Whether it is about what is being taken now; the rest is a backlog, and waits for it.
    """

    partition: str
    version: str
    note: str = ""
    live: bool = True


@dataclass(frozen=True)
class Asked:
    """The last request for a partition: which version, the how-manieth time, when (Unix seconds)."""

    version: str
    attempt: int
    at: float


class AskedBook:
    """Requests by partition, read from and written to a cursor."""

    def __init__(self, cursor: str | None) -> None:
        entries = json.loads(cursor or "{}")
        self._asked = {partition: Asked(*entry) for partition, entry in entries.items()}

    def attempt(self, work: Work, now: float) -> int | None:
        """Return the number of the attempt that is due for `work`, or None if none is."""
        last = self._asked.get(work.partition)
        if last is None or last.version != work.version:
            return 1
        return last.attempt + 1 if now - last.at >= ASK_AGAIN_SECONDS else None

    def remember(self, work: Work, attempt: int, now: float) -> None:
        """Note a request."""
        self._asked[work.partition] = Asked(work.version, attempt, now)

    def cursor(self, pending: Iterable[Work]) -> str:
        """Return the cursor; what is no longer pending is forgotten."""
        known = {work.partition for work in pending}
        return json.dumps(
            {
                partition: (asked.version, asked.attempt, asked.at)
                for partition, asked in self._asked.items()
                if partition in known
            }
        )
