"""Rows of `platform.arrival` and `platform.delivery`: all SQL of this room."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.ledger.files import Identity
from dsa_hcal_assets.ledger.model import Arrival, Form, Outcome, State

COLUMNS = (
    "a.arrival_id, a.source, a.name, a.incoming_path, a.subject, a.partition, a.digest, a.bytes, "
    "a.state, a.sample_time, a.received_at, a.reason, a.quarantine_path, a.settled, a.form"
)
_FROM = f"select {COLUMNS} from platform.arrival a "  # noqa: S608 - constants of this module
# Without subject nobody can load it; unsettled, its bytes are still on their way back.
PENDING = (
    _FROM + "where a.source = %(source)s and a.state = 'pending' and a.settled and a.subject is not null "
    "and (%(partition)s::text is null or a.partition = %(partition)s) "
    "order by coalesce(a.sample_time, a.received_at), a.arrival_id limit %(limit)s"
)
OF_PARTITION = (
    _FROM + "where a.source = %s and a.partition = %s and a.state <> 'quarantined' and a.settled "
    "order by coalesce(a.sample_time, a.received_at), a.arrival_id"
)
QUARANTINED = _FROM + "where a.state = 'quarantined' order by a.quarantined_at, a.arrival_id"
UNSETTLED = "select arrival_id from platform.arrival where not settled order by arrival_id"
WITH_BYTES = _FROM + "where a.state <> 'loaded' and a.settled order by a.arrival_id"
# A released file that nobody has identified yet must be looked at again.
UNKNOWN = """
select n from unnest(%s::text[]) n
where not exists (
    select 1 from platform.delivery d join platform.arrival a using (arrival_id)
    where d.source = %s and d.name = n and d.in_place
      and (a.subject is not null or a.state = 'quarantined')
)
"""
# Skips what a delivery in progress is about to change: that is for the next time.
TAKE_CHANGED = """
delete from platform.changed_partition c using (
    select source, partition from platform.changed_partition
    where source = %s order by partition limit %s for update skip locked) taken
where (c.source, c.partition) = (taken.source, taken.partition)
returning c.partition
"""
BALANCE = """
select b.source, b.accepted, b.loaded, b.quarantined, b.pending,
       (select count(*) from platform.delivery d where d.source = b.source and d.outcome = 'duplicate')
from platform.ledger_balance b order by b.source
"""


@dataclass(frozen=True)
class Row:
    """An arrival with what only the ledger needs: both places, whether it is between them, its form."""

    arrival: Arrival
    incoming: Path
    quarantine: Path | None
    settled: bool
    form: Form


def row(values: Sequence[Any]) -> Row:
    """Return the row of `COLUMNS`."""
    state = State(values[8])
    incoming = Path(values[3])
    quarantine = Path(values[12]) if values[12] is not None else None
    path = quarantine if state is State.QUARANTINED and quarantine is not None else incoming
    arrival = Arrival(
        values[0],
        values[1],
        values[2],
        path,
        values[4] or "",
        values[5] or "",
        values[6],
        values[7],
        state,
        values[9],
        values[10],
        values[11],
    )
    return Row(arrival, incoming, quarantine, values[13], Form(values[14]))


def lock(cursor: Cursor, source: str) -> None:
    """Let one process at a time decide about deliveries of a source."""
    cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"ledger {source}",))


def by_id(cursor: Cursor, arrival_id: int, *, for_update: bool = False) -> Row | None:
    """Return the arrival with this id."""
    return _one(cursor, "where a.arrival_id = %s" + (" for update" if for_update else ""), arrival_id)


def by_digest(cursor: Cursor, source: str, digest: str) -> Row | None:
    """Return the arrival of a content."""
    return _one(cursor, "where a.source = %s and a.digest = %s", source, digest)


def by_name(cursor: Cursor, source: str, name: str) -> tuple[Row, Outcome] | None:
    """Return what lies in incoming under this name, and what it was when it was delivered."""
    cursor.execute(
        "select arrival_id, outcome from platform.delivery where source = %s and name = %s and in_place",
        (source, name),
    )
    found = cursor.fetchone()
    here = by_id(cursor, found[0]) if found else None
    return (here, Outcome(found[1])) if here and found else None


def holder(cursor: Cursor, source: str, subject: str) -> Row | None:
    """Return the arrival that has, or is to have, the effect called `subject`."""
    return _one(
        cursor, "where a.source = %s and a.subject = %s and a.state <> 'quarantined'", source, subject
    )


def insert(
    cursor: Cursor,
    source: str,
    path: Path,
    identity: Identity,
    *,
    subject: str | None = None,
    partition: str | None = None,
    sample_time: datetime | None = None,
) -> Row:
    """Enter a content as pending."""
    cursor.execute(
        "insert into platform.arrival (source, name, subject, partition, digest, bytes, state, sample_time, "
        "incoming_path, form) values (%s, %s, %s, %s, %s, %s, 'pending', %s, %s, %s) returning arrival_id",
        (
            source,
            path.name,
            subject,
            partition,
            identity.digest,
            identity.bytes,
            sample_time,
            str(path),
            identity.form.value,
        ),
    )
    return _again(cursor, cursor.fetchone())


def identify(
    cursor: Cursor,
    arrival_id: int,
    identity: Identity,
    *,
    subject: str | None = None,
    partition: str | None = None,
    sample_time: datetime | None = None,
) -> Row:
    """Say what a content is that could not be read before."""
    cursor.execute(
        "update platform.arrival set digest = %s, bytes = %s, subject = %s, partition = %s, sample_time = %s "
        "where arrival_id = %s returning arrival_id",
        (identity.digest, identity.bytes, subject, partition, sample_time, arrival_id),
    )
    return _again(cursor, cursor.fetchone())


def deliver(cursor: Cursor, here: Row, name: str, outcome: Outcome) -> None:
    """Enter a file name under which a content lies in incoming; what lay there before has left."""
    source = here.arrival.source
    cursor.execute(
        "update platform.delivery set in_place = false where source = %s and name = %s and in_place",
        (source, name),
    )
    cursor.execute(
        "insert into platform.delivery (source, name, arrival_id, outcome, in_place) "
        "values (%s, %s, %s, %s, true)",
        (source, name, here.arrival.arrival_id, outcome.value),
    )


def quarantine(cursor: Cursor, arrival_id: int, place: Path, reason: dict[str, Any]) -> Row:
    """Turn a pending arrival into a quarantined one whose bytes are still to be moved to `place`."""
    cursor.execute(
        "update platform.arrival set state = 'quarantined', settled = false, quarantine_path = %s, "
        "reason = %s, quarantined_at = clock_timestamp() where arrival_id = %s returning arrival_id",
        (str(place), json.dumps(reason).replace("\\u0000", "\ufffd"), arrival_id),
    )
    return _again(cursor, cursor.fetchone())


def release(cursor: Cursor, arrival_id: int) -> Row:
    """Turn a quarantined arrival into a pending one whose bytes are still to be moved back."""
    cursor.execute(
        "update platform.arrival set state = 'pending', settled = false, reason = null, "
        "quarantined_at = null where arrival_id = %s returning arrival_id",
        (arrival_id,),
    )
    return _again(cursor, cursor.fetchone())


def settle(cursor: Cursor, here: Row, reason: dict[str, Any] | None) -> Row:
    """Enter that the bytes are where they belong."""
    arrival = here.arrival
    cursor.execute(
        "update platform.arrival set settled = true, reason = %s, "
        "quarantine_path = case when state = 'quarantined' then quarantine_path end where arrival_id = %s "
        "returning arrival_id",
        (None if reason is None else json.dumps(reason), arrival.arrival_id),
    )
    settled = _again(cursor, cursor.fetchone())
    if arrival.state is State.QUARANTINED:
        cursor.execute(
            "update platform.delivery set in_place = false where arrival_id = %s and name = %s and in_place",
            (arrival.arrival_id, arrival.name),
        )
    return settled


def place_taken(cursor: Cursor, place: Path) -> bool:
    """Tell whether another quarantined arrival has this place."""
    cursor.execute("select 1 from platform.arrival where quarantine_path = %s", (str(place),))
    return cursor.fetchone() is not None


def mark_loaded(cursor: Cursor, ids: list[int], run_id: str) -> set[int]:
    """Mark arrivals as loaded; return the ids that could be."""
    cursor.execute(
        "update platform.arrival set state = 'loaded', loaded_at = clock_timestamp(), run_id = %s "
        "where arrival_id = any(%s) and state in ('pending', 'loaded') and settled and subject is not null "
        "returning arrival_id",
        (run_id, ids),
    )
    return {values[0] for values in cursor.fetchall()}


def _one(cursor: Cursor, where: str, *parameters: object) -> Row | None:
    cursor.execute(_FROM + where, parameters)
    values = cursor.fetchone()
    return row(values) if values else None


def _again(cursor: Cursor, returned: tuple[Any, ...] | None) -> Row:
    found = by_id(cursor, returned[0]) if returned else None
    if found is None:
        raise LookupError("a row just written is not there")
    return found
