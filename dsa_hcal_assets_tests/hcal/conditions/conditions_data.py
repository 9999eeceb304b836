"""Rows that others make (corrections, bad channels, runs), for tests of what becomes of them."""

from collections.abc import Mapping
from datetime import datetime

from psycopg2.extras import DateTimeTZRange, Json, execute_values

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.days import bounds


def add_corrections(
    database: Database,
    day: str,
    gains: Mapping[int, float],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    verdict: str | None = "pass",
) -> int:
    """Add a set with one gain a tower (error 0.01), valid all day or as told; return its number."""
    start, end = bounds(day)
    validity = DateTimeTZRange(since or start, until or end)
    with database.transaction() as cursor:
        cursor.execute(
            "insert into hcal.correction_set (day, method, parameters, run_id, verdict) "
            "values (%s, 'test', %s, 'run-1', %s) returning correction_set",
            (day, Json({}), verdict),
        )
        [number] = cursor.fetchone() or []
        execute_values(
            cursor,
            "insert into hcal.gain_correction (correction_set, tower_id, validity, gain, gain_error, status) "
            "values %s",
            [(number, tower, validity, gain, 0.01, 0) for tower, gain in gains.items()],
        )
    return int(number)


def add_bad_channel(database: Database, tower: int, reason: str, severity: int, since: datetime) -> None:
    """Mark a tower as bad from a time on."""
    with database.transaction() as cursor:
        cursor.execute(
            "insert into hcal.bad_channel (tower_id, validity, reason, severity, source) "
            "values (%s, %s, %s, %s, 'led')",
            (tower, DateTimeTZRange(since, None), reason, severity),
        )


def add_run(database: Database, number: int, started_at: datetime) -> None:
    """Record the begin of a run."""
    with database.transaction() as cursor:
        cursor.execute("insert into hcal.run (run_number, started_at) values (%s, %s)", (number, started_at))
