"""Observation groups: which subbands they have, and when they are complete.

The ledger knows which contents count (pending or loaded); this room adds what the headers say and
derives the group's state from both.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from psycopg2.extras import Json

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.ledger.ledger import Ledger
from dsa_hcal_assets.ledger.model import Arrival
from dsa_hcal_assets.radio.ingest.header import SubbandHeader
from dsa_hcal_assets.radio.profiles.model import Profile

SOURCE = "uvh5"
COLUMNS = (
    "group_key, profile, telescope, expected, found, state, content, first_sample, declination_deg, "
    "first_seen, completed_at"
)


@dataclass(frozen=True)
class ObservationGroup:
    """A group as the database has it.

    `content` names the set of subbands a complete group consists of: a new value means the group
    has to be processed again.
    """

    key: str
    profile: str
    telescope: str
    expected: int
    found: int
    state: str
    content: str | None
    first_sample: datetime
    declination_deg: float | None
    first_seen: datetime
    completed_at: datetime | None

    @property
    def run_key(self) -> str:
        """Key under which a sensor asks for exactly one run of this content."""
        return f"{self.key}:{self.content}"


@dataclass(frozen=True)
class Subband:
    """A subband that counts: the accepted file and its header."""

    number: int
    arrival: Arrival
    header: SubbandHeader


def remember(
    database: Database,
    profile: Profile,
    number: int,
    name: str,
    header: SubbandHeader,
    now: datetime,
) -> None:
    """Enter the header facts of a subband; repeating it changes nothing.

    Called before the ledger accepts the file, so that nothing accepted lacks its facts. A failed
    group is collecting again.
    """
    declination = None if header.declination_rad is None else float(np.degrees(header.declination_rad))
    with database.transaction() as cursor:
        cursor.execute(
            "insert into radio.observation_group"
            " (group_key, profile, telescope, expected, first_sample, declination_deg, first_seen, last_seen)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s)"
            " on conflict (group_key) do update set last_seen = excluded.last_seen, failed_at = null,"
            " state = case when observation_group.state = 'failed' then 'collecting'"
            "   else observation_group.state end",
            (
                header.group,
                profile.name,
                header.telescope,
                profile.subbands.count,
                header.first_time,
                declination,
                now,
                now,
            ),
        )
        cursor.execute(
            "insert into radio.subband (group_key, subband, digest, name, header, seen_at)"
            " values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
            (header.group, number, header.digest, name, Json(header.as_json()), now),
        )


def subbands_of(database: Database, ledger: Ledger, key: str) -> list[Subband]:
    """Return the subbands that count for group `key`, by number."""
    arrivals = {arrival.digest: arrival for arrival in ledger.of_partition(SOURCE, key)}
    facts = database.rows(
        "select subband, digest, header from radio.subband where group_key = %s and digest = any(%s)"
        " order by subband",
        (key, list(arrivals)),
    )
    return [
        Subband(number, arrivals[digest], SubbandHeader.from_json(header)) for number, digest, header in facts
    ]


def refresh(database: Database, ledger: Ledger, key: str, now: datetime) -> ObservationGroup:
    """Derive the state of group `key` from the ledger and return the group."""
    arrivals = ledger.of_partition(SOURCE, key)
    content = hashlib.sha256(
        "\n".join(sorted(f"{arrival.subject} {arrival.digest}" for arrival in arrivals)).encode()
    ).hexdigest()[:16]
    with database.transaction() as cursor:
        cursor.execute(
            "update radio.observation_group set found = %(found)s,"
            " state = case when %(found)s >= expected then 'complete'"
            "   when state = 'failed' then state else 'collecting' end,"
            " failed_at = case when %(found)s < expected then failed_at end,"
            " completed_at = case when %(found)s < expected then null"
            "   when state = 'complete' and content = %(content)s then completed_at else %(now)s end,"
            " content = case when %(found)s >= expected then %(content)s end"
            " where group_key = %(key)s",
            {"found": len(arrivals), "content": content, "now": now, "key": key},
        )
    (group,) = _groups(database, "where group_key = %s", (key,))
    return group


def group(database: Database, key: str) -> ObservationGroup | None:
    """Return group `key`, or None when no file of it was ever seen."""
    found = _groups(database, "where group_key = %s", (key,))
    return found[0] if found else None


def collecting(database: Database) -> list[ObservationGroup]:
    """Return the groups that still wait for subbands, oldest first."""
    return _groups(database, "where state = 'collecting' order by first_seen, group_key", ())


def fail_stale(database: Database, now: datetime, collect_hours: float) -> list[ObservationGroup]:
    """Mark as failed what got no file for `collect_hours` and is incomplete; return those, once."""
    keys = database.rows(
        "update radio.observation_group set state = 'failed', failed_at = %s"
        " where state = 'collecting' and last_seen < %s returning group_key",
        (now, now - timedelta(hours=collect_hours)),
    )
    return _groups(database, "where group_key = any(%s) order by group_key", ([key for (key,) in keys],))


def complete_groups(
    database: Database, *, after: tuple[datetime, str] | None = None, limit: int = 100
) -> list[ObservationGroup]:
    """Return complete groups in order of completion, `limit` at a time.

    Parameters
    ----------
    after
        (`completed_at`, `key`) of the last one seen: a sensor's cursor.
    """
    where = "where state = 'complete'"
    parameters: tuple[Any, ...] = ()
    if after is not None:
        where += " and (completed_at, group_key) > (%s, %s)"
        parameters = after
    return _groups(database, f"{where} order by completed_at, group_key limit %s", (*parameters, limit))


def _groups(database: Database, where: str, parameters: Sequence[Any]) -> list[ObservationGroup]:
    rows = database.rows(f"select {COLUMNS} from radio.observation_group {where}", parameters)  # noqa: S608
    return [ObservationGroup(*row) for row in rows]
