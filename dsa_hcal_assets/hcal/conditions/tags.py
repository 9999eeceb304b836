"""Global tags: put together, run along with the data, published for good.

What a tag's state allows is held by triggers in the database (`sql/`); here are the statements, and the
database's refusals as errors of the platform.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import psycopg2.errors
from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import PermanentError

State = Literal["open", "running", "published"]

_CREATE = """
insert into hcal.global_tag (name, state, description) values (%s, %s, %s)
on conflict (name) do nothing returning tag_id
"""
_LIST = """
select t.name, t.state, count(g.payload_id), min(g.valid_from), max(g.valid_until), t.description
from hcal.global_tag t left join hcal.global_tag_payload g using (tag_id)
group by t.tag_id order by t.name
"""
_PAYLOADS = """
select detector, valid_from, valid_until, payload_id, correction_set, directory, root_file, parquet_file
from hcal.tagged_payload where tag = %s order by valid_from, detector
"""
# of each day and detector those of the newest product: earlier ones may have been cut elsewhere
_NEWEST = """
select p.detector, p.valid_from, p.valid_until, p.payload_id
from hcal.payload p join (
    select p.detector, d.partition, max(p.product_id) as product_id
    from hcal.payload p join platform.product d using (product_id)
    where p.valid_from >= %(start)s and p.valid_from < %(end)s
    group by p.detector, d.partition
) newest using (detector, product_id)
where p.valid_from >= %(start)s and p.valid_from < %(end)s
"""
_MAKE_ROOM = f"""
delete from hcal.global_tag_payload g using ({_NEWEST}) n
where g.tag_id = %(tag_id)s and g.detector = n.detector and g.payload_id <> n.payload_id
  and g.valid_from < n.valid_until and g.valid_until > n.valid_from
"""  # noqa: S608
_ADD = f"""
insert into hcal.global_tag_payload (tag_id, detector, valid_from, valid_until, payload_id)
select %(tag_id)s, n.* from ({_NEWEST}) n on conflict do nothing
"""  # noqa: S608
_COPY = """
insert into hcal.global_tag_payload (tag_id, detector, valid_from, valid_until, payload_id)
select %s, g.detector, g.valid_from, g.valid_until, g.payload_id
from hcal.global_tag_payload g join hcal.global_tag t using (tag_id) where t.name = %s
"""
_PUBLISH = """
update hcal.global_tag set state = 'published', published_at = clock_timestamp() where tag_id = %s
"""


class BadTag(PermanentError):
    """A global tag does not exist, exists already, or its state forbids the change."""


@dataclass(frozen=True)
class Tag:
    """A global tag; first and last moment covered are None while it is empty."""

    name: str
    state: State
    payloads: int
    valid_from: datetime | None
    valid_until: datetime | None
    description: str


@dataclass(frozen=True)
class TaggedPayload:
    """A payload of a tag. Times are naive UTC; files are relative to the product tree's `directory`."""

    detector: int
    valid_from: datetime
    valid_until: datetime
    payload_id: int
    correction_set: int | None
    directory: str
    root_file: str
    parquet_file: str


def create(
    database: Database, name: str, description: str = "", *, state: State = "open", like: str | None = None
) -> None:
    """Make a tag, with the payloads of another if `like` names one.

    Raises
    ------
    BadTag
        If it exists, or is no name (letters, digits, ``._-``, at most 64), or `like` does not exist.
    """
    with _refusals(name), database.transaction() as cursor:
        source = None if like is None else _tag(cursor, like)
        cursor.execute(_CREATE, (name, state, description))
        made = cursor.fetchone()
        if made is None:
            raise BadTag(f"global tag {name} exists", remedy="choose another name")
        if source is not None:
            cursor.execute(_COPY, (made[0], like))


def ensure_running(database: Database, name: str) -> None:
    """Make a running tag unless a tag of that name is there."""
    with _refusals(name), database.transaction() as cursor:
        cursor.execute(_CREATE, (name, "running", "the conditions of each day as they were first made"))


def add(database: Database, name: str, start: datetime, end: datetime) -> int:
    """Put the newest payloads that begin within [start, end) into a tag; return how many were added.

    An open tag gives up what overlaps them; a running one takes only what it has no answer for yet.

    Raises
    ------
    BadTag
        If the tag does not exist or is published.
    """
    window = {"start": require_utc(start), "end": require_utc(end)}
    with _refusals(name), database.transaction() as cursor:
        tag_id, state = _tag(cursor, name)
        if state == "open":
            cursor.execute(_MAKE_ROOM, window | {"tag_id": tag_id})
        cursor.execute(_ADD, window | {"tag_id": tag_id})
        return cursor.rowcount


def publish(database: Database, name: str) -> None:
    """Publish a tag: it never changes again.

    Raises
    ------
    BadTag
        If it does not exist or is published already.
    """
    with _refusals(name), database.transaction() as cursor:
        tag_id, _ = _tag(cursor, name)
        cursor.execute(_PUBLISH, (tag_id,))


def tags(database: Database) -> list[Tag]:
    """Return all tags in order of their names."""
    return [Tag(*row) for row in database.rows(_LIST)]


def payloads_of(database: Database, name: str) -> list[TaggedPayload]:
    """Return the payloads of a tag in order of time and detector."""
    return [TaggedPayload(*row) for row in database.rows(_PAYLOADS, (name,))]


def _tag(cursor: Cursor, name: str) -> tuple[int, State]:
    cursor.execute("select tag_id, state from hcal.global_tag where name = %s for update", (name,))
    found = cursor.fetchone()
    if found is None:
        raise BadTag(f"there is no global tag {name}", remedy="`dsa-hcal hcal conditions list` shows them")
    return found


@contextmanager
def _refusals(name: str) -> Iterator[None]:
    try:
        yield
    except (psycopg2.errors.RestrictViolation, psycopg2.errors.CheckViolation) as error:
        raise BadTag(
            f"global tag {name!r} cannot be made or changed so",
            found=error.diag.message_primary or str(error),
            kept="the tag is as it was",
            remedy=error.diag.message_hint,
        ) from error
