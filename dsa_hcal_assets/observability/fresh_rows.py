"""Rows of a growing table, each given once: counters and histograms are fed with them."""

from datetime import datetime, timedelta
from typing import Any

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database

# A row is seen when it is committed, which may be after one that was recorded later.
OVERLAP = timedelta(minutes=1)


class FreshRows:
    """Gives what was recorded since it was made.

    Parameters
    ----------
    query
        Rows recorded after its only parameter, a time; the first column is the row's number.
    """

    def __init__(self, query: str) -> None:
        self._query = query
        self._since = utc_now() + OVERLAP
        self._given: frozenset[int] = frozenset()

    def read(self, database: Database) -> list[tuple[Any, ...]]:
        """Return the rows that no earlier call returned.

        Raises
        ------
        DatabaseUnavailable
            If the database does not answer; the next call returns what this one would have.
        """
        asked_at: datetime = utc_now()
        rows = database.rows(self._query, (self._since - OVERLAP,))
        fresh = [row for row in rows if row[0] not in self._given]
        self._given = frozenset(row[0] for row in rows)
        self._since = max(self._since, asked_at)
        return fresh
