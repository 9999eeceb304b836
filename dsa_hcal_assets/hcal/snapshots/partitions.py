"""Partitions of the telemetry tables: one a UTC month."""

from collections.abc import Iterable
from datetime import UTC, datetime

from dsa_hcal_assets.database.connection import Database


def make_months(database: Database, cycles: Iterable[datetime], statement: str) -> None:
    """Create the partitions of `cycles` (UTC months), in a transaction of its own.

    Parameters
    ----------
    statement
        Calls `hcal.ensure_month` for the source's tables; its one parameter is a time in the month.
    """
    firsts = sorted({cycle.astimezone(UTC).date().replace(day=1) for cycle in cycles})
    with database.transaction() as cursor:
        for first in firsts:
            cursor.execute(statement, (datetime(first.year, first.month, 1, tzinfo=UTC),))
