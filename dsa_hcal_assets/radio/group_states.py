"""Where observation groups stand, for people: how many in each state, the latest, and one in full.

Belongs here: reading ``radio.group_state`` and what lies around it. Not here: deciding on a state
(`ingest.completeness`) and its form on a page.
"""

from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.database.connection import Database

STATES = ("collecting", "pending", "in progress", "completed", "failed")

_COUNTS = "select state, count(*) from radio.group_state group by state"
_LATEST = """
select group_key, state, found, expected, missing, profile, telescope, declination_deg, first_seen, last_seen
  from radio.group_state
 where (%(state)s is null or state = %(state)s) and (%(profile)s is null or profile = %(profile)s)
   and (%(since)s::timestamptz is null or first_sample >= %(since)s)
   and (%(until)s::timestamptz is null or first_sample < %(until)s)
   and (%(seen)s::timestamptz is null or (last_seen, group_key) < (%(seen)s, %(key)s))
 order by last_seen desc, group_key desc limit %(limit)s
"""
_ONE = """
select group_key, state, found, expected, missing, profile, telescope, declination_deg, first_seen, last_seen
  from radio.group_state where group_key = %s
"""
_FILES = """
select a.arrival_id, s.subband, a.name, a.state, a.bytes, s.low_hz, s.high_hz, s.channels, s.integrations,
       s.antennas, a.reason ->> 'what'
  from platform.arrival a
  left join radio.subband s on s.group_key = a.partition and s.digest = a.digest
 where a.partition = %s order by s.subband, a.arrival_id
"""
_PRODUCTS = """
select made.kind, product.version, product.created_at, product.product_id, product.path,
       judged.passed, judged.warned, judged.closed_by
  from platform.current_product made
  join platform.product using (product_id)
 cross join lateral (
       select count(*) filter (where level = 'pass') as passed,
              count(*) filter (where level = 'warn') as warned,
              array_agg(metric order by metric) filter (where level = 'fail' and blocking) as closed_by
         from (select distinct on (stage, metric) metric, lower(level) as level, blocking
                 from platform.verdict where verdict.product_id = made.product_id
                order by stage, metric, verdict_id desc) latest
       ) judged
 where made.partition = %s
 order by product.product_id
"""
_TIMES = """
select distinct on (stage) stage, outcome, run_id, started_at, ended_at
  from platform.stage_time where partition = %s order by stage, ended_at desc
"""


@dataclass(frozen=True)
class GroupState:
    """A group: `found` of `expected` subbands are here, those numbered `missing` are not."""

    key: str
    state: str
    found: int
    expected: int
    missing: list[int]
    profile: str
    telescope: str
    declination_deg: float | None
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True)
class GroupFile:
    """A file of a group and what its header says; None where it was never read. Frequencies in Hz."""

    arrival_id: int
    subband: int | None
    name: str
    state: str
    bytes: int
    low_hz: float | None
    high_hz: float | None
    channels: int | None
    integrations: int | None
    antennas: int | None
    reason: str | None


@dataclass(frozen=True)
class GroupProduct:
    """A current product of a group and its gate: `closed_by` names the blocking checks that failed.

    `path` is its directory, relative to the root of the product tree.
    """

    kind: str
    version: int
    created_at: datetime
    product_id: int
    path: str
    passed: int
    warned: int
    closed_by: list[str] | None


@dataclass(frozen=True)
class GroupStage:
    """The last time a stage ran for a group; `outcome` is done, whatever its checks said, or failed."""

    stage: str
    outcome: str
    run_id: str
    started_at: datetime
    ended_at: datetime

    @property
    def seconds(self) -> float:
        """How long it took, s."""
        return (self.ended_at - self.started_at).total_seconds()


@dataclass(frozen=True)
class GroupDetails:
    """All there is to know about one group; `stages` in the order in which they ended."""

    group: GroupState
    files: list[GroupFile]
    products: list[GroupProduct]
    stages: list[GroupStage]


def counts(cursor: Cursor) -> dict[str, int]:
    """Return the number of groups in each of `STATES`."""
    cursor.execute(_COUNTS)
    return dict.fromkeys(STATES, 0) | dict(cursor.fetchall())


def latest(
    cursor: Cursor,
    state: str | None = None,
    limit: int = 20,
    *,
    profile: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: tuple[datetime, str] | None = None,
) -> list[GroupState]:
    """Return the groups that got a subband last, newest first.

    Parameters
    ----------
    cursor
        Of a transaction.
    state, profile
        Only groups of this state (one of `STATES`), of this telescope profile.
    limit
        Most groups.
    since, until
        Only groups whose first integration is not before, and before, these moments.
    after
        Only groups behind the one with this (`last_seen`, `key`).
    """
    seen, key = after or (None, None)
    wanted = {"state": state, "profile": profile, "since": since, "until": until, "seen": seen, "key": key}
    cursor.execute(_LATEST, wanted | {"limit": limit})
    return [GroupState(*row) for row in cursor.fetchall()]


def details(database: Database, key: str) -> GroupDetails | None:
    """Return group `key` with its files and products as of one moment; None if there is none."""
    with database.transaction() as cursor:
        cursor.execute("set transaction isolation level repeatable read read only")
        cursor.execute(_ONE, (key,))
        group = cursor.fetchone()
        if group is None:
            return None
        cursor.execute(_FILES, (key,))
        files = [GroupFile(*row) for row in cursor.fetchall()]
        cursor.execute(_PRODUCTS, (key,))
        products = [GroupProduct(*row) for row in cursor.fetchall()]
        cursor.execute(_TIMES, (key,))
        stages = sorted((GroupStage(*row) for row in cursor.fetchall()), key=lambda one: one.ended_at)
        return GroupDetails(GroupState(*group), files, products, stages)
