"""Observation groups: which subbands they have, what these say, and which groups wait for a run.

The ledger knows which contents count (pending or loaded); this room adds what the headers say. How a
group's state follows from both is told in `completeness`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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
    "group_key, profile, telescope, expected, found, missing, state, content, first_sample, declination_deg, "
    "first_seen, last_seen, completed_at"
)
_PENDING_WORK = """
select g.group_key, g.content, g.found, g.expected, count(*)
  from platform.arrival a join radio.observation_group g on g.group_key = a.partition
 where a.source = %s and a.state = 'pending' and a.settled and g.state in ('complete', 'partial')
 group by g.group_key order by g.group_key limit %s
"""


_REMEMBER_GROUP = """
insert into radio.observation_group
    (group_key, profile, telescope, expected, first_sample, declination_deg, first_seen, last_seen)
values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing
"""
_REMEMBER_SUBBAND = """
insert into radio.subband (group_key, subband, digest, name, header, seen_at)
values (%s, %s, %s, %s, %s, %s) on conflict do nothing
"""


@dataclass(frozen=True)
class ObservationGroup:
    """A group as the database has it.

    `state` is collecting, complete, partial (goes on without the `missing` subbands) or failed.
    `content` names the set of subbands it holds: another value of a complete or partial group means
    that it has to be processed again.
    """

    key: str
    profile: str
    telescope: str
    expected: int
    found: int
    missing: list[int]
    state: str
    content: str | None
    first_sample: datetime
    declination_deg: float | None
    first_seen: datetime
    last_seen: datetime
    completed_at: datetime | None


@dataclass(frozen=True)
class PendingGroup:
    """A group to be processed: one run for each (`key`, `content`); `note` tells people why."""

    key: str
    content: str
    note: str


@dataclass(frozen=True)
class Subband:
    """A subband that counts: the accepted file and its header."""

    number: int
    arrival: Arrival
    header: SubbandHeader


@dataclass(frozen=True)
class Fact:
    """What is known of a file once its header was read: whose it is, its number, name and header."""

    profile: Profile
    number: int
    name: str
    header: SubbandHeader


def remember(database: Database, facts: Sequence[Fact], now: datetime) -> None:
    """Enter the header facts of subbands; repeating it changes nothing.

    Called before the ledger accepts the files, so that nothing accepted lacks its facts.
    """
    if not facts:
        return
    with database.transaction() as cursor:
        cursor.executemany(_REMEMBER_GROUP, [_group_row(fact, now) for fact in facts])
        cursor.executemany(
            _REMEMBER_SUBBAND,
            [
                (one.header.group, one.number, one.header.digest, one.name, Json(one.header.as_json()), now)
                for one in facts
            ],
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


def group(database: Database, key: str) -> ObservationGroup | None:
    """Return group `key`, or None when no file of it was ever seen."""
    rows = database.rows(f"select {COLUMNS} from radio.observation_group where group_key = %s", (key,))  # noqa: S608
    return ObservationGroup(*rows[0]) if rows else None


def pending_work(database: Database, limit: int = 1000) -> list[PendingGroup]:
    """Return the complete and partial groups that have pending subbands, oldest observation first.

    One query, over pending arrivals alone: years of processed groups cost nothing.
    """
    return [
        PendingGroup(key, content, f"{found} of {expected} subbands, {waiting} of them new")
        for key, content, found, expected, waiting in database.rows(_PENDING_WORK, (SOURCE, limit))
    ]


def _group_row(fact: Fact, now: datetime) -> tuple[Any, ...]:
    header, profile = fact.header, fact.profile
    declination = None if header.declination_rad is None else float(np.degrees(header.declination_rad))
    expected = profile.subbands.count
    return header.group, profile.name, header.telescope, expected, header.first_time, declination, now, now
