"""Many files at once: those about which nothing has to be decided are entered by one statement.

A file is plain when neither its name nor its content nor its subject is known. Everything else
(duplicates, conflicts, files that come again) goes through `Ledger.accept`, one by one.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.ledger import files
from dsa_hcal_assets.ledger.files import Identity
from dsa_hcal_assets.ledger.model import Arrival, FileUnavailable, NotAFile
from dsa_hcal_assets.ledger.rows import COLUMNS, row

_ENTER = f"""
with offered as (
    select * from unnest(%(names)s::text[], %(paths)s::text[], %(digests)s::text[], %(bytes)s::bigint[],
                         %(subjects)s::text[], %(partitions)s::text[], %(times)s::timestamptz[])
        with ordinality as o (name, path, digest, bytes, subject, partition, sample_time, number)
), entered as (
    insert into platform.arrival
        (source, name, incoming_path, subject, partition, digest, bytes, state, sample_time)
    select %(source)s, name, path, subject, partition, digest, bytes, 'pending', sample_time
    from offered o
    where not exists (select from platform.arrival k where k.source = %(source)s and k.digest = o.digest)
      and not exists (select from platform.arrival k where k.source = %(source)s and k.subject = o.subject
                      and k.state <> 'quarantined')
      and not exists (select from platform.delivery d where d.source = %(source)s and d.name = o.name
                      and d.in_place)
    order by number
    returning *
), delivered as (
    insert into platform.delivery (source, name, arrival_id, outcome, in_place)
    select source, name, arrival_id, 'new', true from entered
)
select {COLUMNS} from entered a order by arrival_id
"""  # noqa: S608 - constants of this package


@dataclass(frozen=True)
class Delivery:
    """A delivered file and what it is about.

    Parameters
    ----------
    subject
        The effect its content has.
    partition
        Partition whose run loads it.
    sample_time
        Aware time the content is about.
    digest
        Identity of its content within the source; None takes its SHA-256.
    """

    path: Path
    subject: str
    partition: str
    sample_time: datetime | None = None
    digest: str | None = None

    @property
    def about(self) -> dict[str, Any]:
        """Subject, partition and sample time, by name."""
        return {"subject": self.subject, "partition": self.partition, "sample_time": self.sample_time}


@dataclass(frozen=True)
class Identified:
    """A delivery of which size and digest are known."""

    delivery: Delivery
    identity: Identity

    @property
    def keys(self) -> frozenset[tuple[str, str]]:
        """What no two arrivals may share."""
        name = self.delivery.path.name
        return frozenset(
            {("name", name), ("digest", self.identity.digest), ("subject", self.delivery.subject)}
        )


def identified(deliveries: Iterable[Delivery]) -> Iterator[Identified]:
    """Yield those that are files and can be read now."""
    for delivery in deliveries:
        with contextlib.suppress(FileUnavailable, NotAFile):
            yield Identified(delivery, files.identify(delivery.path.absolute(), delivery.digest))


def first_of_each(some: Iterable[Identified]) -> list[Identified]:
    """Return those that share neither name nor content nor subject with an earlier one."""
    taken: set[tuple[str, str]] = set()
    chosen = []
    for one in some:
        if not one.keys & taken:
            chosen.append(one)
        taken |= one.keys
    return chosen


def enter_plain(cursor: Cursor, source: str, some: Sequence[Identified]) -> list[Arrival]:
    """Enter those whose name, content and subject are unknown, as pending, in their order.

    No two of them share any of the three (`first_of_each`), and the caller holds the source's lock
    (`rows.lock`).
    """
    cursor.execute(
        _ENTER,
        {
            "source": source,
            "names": [one.delivery.path.name for one in some],
            "paths": [str(one.delivery.path.absolute()) for one in some],
            "digests": [one.identity.digest for one in some],
            "bytes": [one.identity.bytes for one in some],
            "subjects": [one.delivery.subject for one in some],
            "partitions": [one.delivery.partition for one in some],
            "times": [one.delivery.sample_time for one in some],
        },
    )
    return [row(values).arrival for values in cursor.fetchall()]
