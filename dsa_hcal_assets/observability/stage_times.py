"""How long stages took: written by each stage, read by metrics and dashboards."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import psycopg2

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import DatabaseUnavailable
from dsa_hcal_assets.observability.fresh_rows import FreshRows

logger = logging.getLogger(__name__)

_INSERT = """
insert into platform.stage_time (stage, partition, run_id, outcome, started_at, ended_at)
values (%s, %s, %s, %s, %s, %s)
"""
_SINCE = """
select stage_time_id, stage, outcome, started_at, ended_at from platform.stage_time
 where recorded_at > %s order by stage_time_id
"""


@dataclass(frozen=True)
class StageTime:
    """One time a stage ran for a partition; `outcome` is done or failed."""

    stage_time_id: int
    stage: str
    outcome: str
    started_at: datetime
    ended_at: datetime

    @property
    def seconds(self) -> float:
        """How long it took, s."""
        return (self.ended_at - self.started_at).total_seconds()


@contextmanager
def timed(database: Database, stage: str, partition: str, run_id: str) -> Iterator[None]:
    """Enter how long the body took, also when it fails; a database that is away costs the entry only."""
    started, outcome = utc_now(), "failed"
    try:
        yield
        outcome = "done"
    finally:
        # the clock may have been set back meanwhile
        ended = max(started, utc_now())
        try:
            with database.transaction() as cursor:
                cursor.execute(_INSERT, (stage, partition, run_id, outcome, started, ended))
        except (DatabaseUnavailable, psycopg2.Error) as error:
            logger.warning("how long %s of %s took is not kept: %s", stage, partition, error)


class NewStageTimes:
    """Gives each entry once, from the time it is made."""

    def __init__(self) -> None:
        self._rows = FreshRows(_SINCE)

    def read(self, database: Database) -> list[StageTime]:
        """Return the entries that no earlier call returned.

        Raises
        ------
        DatabaseUnavailable
            If the database does not answer.
        """
        return [StageTime(*row) for row in self._rows.read(database)]
