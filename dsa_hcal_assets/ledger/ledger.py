"""The ledger: every accepted content has one row, one state and one effect.

Files stay where they landed. Only quarantined ones move, in an order that survives a kill at any
point: the row says first where the bytes belong (`settled` = false), then the bytes go there, then
the row is settled. `Ledger.reconcile` finishes what was cut.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2.errors
from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import InputConflict, PlatformError
from dsa_hcal_assets.ledger import files, quarantine, rows, trees
from dsa_hcal_assets.ledger.deliveries import Delivery, enter_plain, first_of_each, identified
from dsa_hcal_assets.ledger.files import Identity
from dsa_hcal_assets.ledger.labels import require_labels
from dsa_hcal_assets.ledger.model import (
    Accepted,
    Arrival,
    Balance,
    Form,
    Outcome,
    Reconciled,
    State,
    UnknownArrival,
    WrongState,
)
from dsa_hcal_assets.ledger.reconciling import reconciled
from dsa_hcal_assets.ledger.rows import Row

# Who refused a file mostly knows better; a quarantine without any way out does not exist.
REMEDY = "deliver a sound file under this name; or, if this one is sound, `dsa-hcal quarantine release` it"


class Ledger:
    """What arrived from all sources, kept in one database.

    Parameters
    ----------
    database
        Where `platform.arrival` lives.
    quarantine_dir
        Files that cannot be used go to ``<quarantine_dir>/<source>/<YYYY-MM-DD>/<name>``.
    checkpoint
        Called with the name of each step just done while moving files; crash tests hook in here.
    """

    def __init__(
        self, database: Database, quarantine_dir: Path, *, checkpoint: Callable[[str], None] = lambda _: None
    ) -> None:
        self._database = database
        self._quarantine_dir = quarantine_dir.absolute()
        self._checkpoint = checkpoint

    def unknown(self, source: str, names: Iterable[str]) -> list[str]:
        """Return those of `names`, files now in incoming, that have still to be accepted, sorted.

        Names carry their time, so sorted means oldest first. The name of a file that went to
        quarantine counts as unknown when a file with it comes again.
        """
        wanted = sorted(set(names))
        asked = [name for name in wanted if files.storable(name)]
        found = {row[0] for row in self._database.rows(rows.UNKNOWN, (asked, source))}
        # A name that cannot be stored stays unknown; accepting it gives the reason.
        return [name for name in wanted if name in found or not files.storable(name)]

    def accept(
        self,
        source: str,
        path: Path,
        *,
        subject: str,
        partition: str,
        digest: str | None = None,
        sample_time: datetime | None = None,
        form: Form = Form.FILE,
    ) -> Accepted:
        """Enter a delivered file. May be repeated: the same file gives the same answer.

        ``new``: it is pending now. ``duplicate``: its content is known; nothing happens but that
        the delivery is counted. ``conflict``: another content has been accepted for `subject`; this
        one goes to quarantine, its reason holds both digests.

        Parameters
        ----------
        digest
            Identity of a file's content within the source; by default its SHA-256. A tree's is
            `trees.identify`, always.
        form
            ``Form.TREE`` takes a directory as one content.

        Raises
        ------
        NotAFile
            If `path` is a link, FIFO or device, or not of this form; it is neither opened nor waited
            for.
        FileUnavailable
            If it vanished or cannot be read.
        DatabaseUnavailable
            If the ledger cannot be reached; the file stays where it is.
        """
        require_labels(source, subject, partition, digest or "sha256")
        path = path.absolute()
        delivery = Delivery(path, subject, partition, sample_time)
        identity = _identify(path, form, digest)
        with self._database.transaction() as cursor:
            rows.lock(cursor, source)
            named = rows.by_name(cursor, source, path.name)
            known = rows.by_digest(cursor, source, identity.digest)
            if known is None or _awaits_identity(known):
                old = known or (named[0] if named and _awaits_identity(named[0]) else None)
                known, outcome = self._enter(cursor, old, source, delivery, identity)
                rows.deliver(cursor, known, path.name, outcome)
            elif named and named[0].arrival.arrival_id == known.arrival.arrival_id:
                outcome = named[1]
            else:
                outcome = Outcome.DUPLICATE
                rows.deliver(cursor, known, path.name, outcome)
            self._checkpoint("entered")
        self._checkpoint("recorded")
        if not known.settled:
            known = self._settle(known.arrival.arrival_id)
        return Accepted(known.arrival, outcome)

    def accept_plain(self, source: str, deliveries: Sequence[Delivery]) -> dict[str, Arrival]:
        """Enter those of many files whose name, content and subject are all unknown, in one transaction.

        Returns the new arrivals by file name, in order of `deliveries`. Whatever is not among them
        has to be decided about, or cannot be read now: `accept` does either. May be repeated, and
        run beside `accept`.

        Raises
        ------
        DatabaseUnavailable
            If the ledger cannot be reached; none is entered then.
        """
        for delivery in deliveries:
            require_labels(source, delivery.subject, delivery.partition, delivery.digest or "sha256")
        plain = first_of_each(identified(deliveries))
        if not plain:
            return {}
        with self._database.transaction() as cursor:
            rows.lock(cursor, source)
            entered = enter_plain(cursor, source, plain)
            self._checkpoint("entered")
        self._checkpoint("recorded")
        return {arrival.name: arrival for arrival in entered}

    def quarantine_arrival(
        self, source: str, path: Path, error: PlatformError, *, form: Form = Form.FILE
    ) -> Arrival:
        """Move a file that could not even be read to quarantine, with the reason beside it.

        Bytes that are in quarantine already (delivered again) are counted and left where they are.

        Raises
        ------
        NotAFile, FileUnavailable, DatabaseUnavailable
            As `accept`.
        """
        require_labels(source)
        path = path.absolute()
        identity = _identify(path, form)
        with self._database.transaction() as cursor:
            rows.lock(cursor, source)
            named = rows.by_name(cursor, source, path.name)
            here = (
                named[0]
                if named and named[0].incoming == path
                else rows.by_digest(cursor, source, identity.digest)
            )
            if here is None:
                here = rows.insert(cursor, source, path, identity)
                rows.deliver(cursor, here, path.name, Outcome.UNREADABLE)
            elif named is None or named[0].arrival.arrival_id != here.arrival.arrival_id:
                rows.deliver(cursor, here, path.name, Outcome.DUPLICATE)
            if here.arrival.state is State.PENDING and here.incoming == path:
                here = self._quarantine(cursor, here, error.as_record())
            self._checkpoint("entered")
        self._checkpoint("recorded")
        return here.arrival if here.settled else self._settle(here.arrival.arrival_id).arrival

    def pending(self, source: str, partition: str | None = None, limit: int | None = None) -> list[Arrival]:
        """Return what waits to be loaded, oldest first."""
        wanted = {"source": source, "partition": partition, "limit": limit}
        return [rows.row(values).arrival for values in self._database.rows(rows.PENDING, wanted)]

    def of_partition(self, source: str, partition: str) -> list[Arrival]:
        """Return all a partition consists of, loaded or pending, oldest first."""
        return [
            rows.row(values).arrival for values in self._database.rows(rows.OF_PARTITION, (source, partition))
        ]

    def take_changed(self, cursor: Cursor, source: str, limit: int) -> list[str]:
        """Return partitions of `source` whose `of_partition` changed since they were taken last.

        They count as taken when the caller's transaction commits; a change made meanwhile by another
        transaction brings its partition back. For the one room that keeps what it derives of them.
        """
        cursor.execute(rows.TAKE_CHANGED, (source, limit))
        return sorted(partition for (partition,) in cursor.fetchall())

    def quarantined(self) -> list[Arrival]:
        """Return everything in quarantine, oldest first."""
        return [rows.row(values).arrival for values in self._database.rows(rows.QUARANTINED)]

    def mark_loaded(self, cursor: Cursor, arrivals: Sequence[Arrival], run_id: str) -> None:
        """Mark arrivals as loaded inside the caller's transaction, so that data and ledger commit together.

        Loading again what is loaded is allowed (a re-materialised partition).

        Raises
        ------
        WrongState
            If one of them went to quarantine meanwhile; the caller's transaction must be given up.
        """
        wanted = {arrival.arrival_id for arrival in arrivals}
        refused = wanted - rows.mark_loaded(cursor, sorted(wanted), run_id)
        if refused:
            names = sorted(arrival.name for arrival in arrivals if arrival.arrival_id in refused)
            raise WrongState(
                f"{len(refused)} arrivals cannot be marked as loaded: {', '.join(names[:5])}",
                expected="pending or loaded",
                found="quarantined meanwhile, or unknown",
                kept="nothing of this transaction",
                remedy="load the partition again",
            )

    def reject(self, arrival: Arrival, error: PlatformError) -> None:
        """Send a pending arrival to quarantine; one that is there already stays there.

        Raises
        ------
        UnknownArrival, WrongState
            If there is no such arrival, or it is loaded.
        """
        with self._database.transaction() as cursor:
            here = _require(rows.by_id(cursor, arrival.arrival_id, for_update=True), arrival.arrival_id)
            if here.arrival.state is State.LOADED:
                raise WrongState(f"{here.arrival.name} is loaded and cannot be rejected", expected="pending")
            if here.arrival.state is State.PENDING:
                here = self._quarantine(cursor, here, error.as_record())
        self._checkpoint("recorded")
        if not here.settled:
            self._settle(arrival.arrival_id)

    def release(self, arrival_id: int) -> Arrival:
        """Put a quarantined arrival back into incoming, pending.

        One that had never been read is offered by `unknown` again, so that ingest looks at it anew.

        Raises
        ------
        UnknownArrival, WrongState
            If there is no such arrival, or it is not quarantined.
        InputConflict
            If its subject is held by another content, or its name in incoming by another file.
        BadInput
            If its bytes are gone.
        """
        with self._database.transaction() as cursor:
            here = _require(rows.by_id(cursor, arrival_id, for_update=True), arrival_id)
            if here.arrival.state is not State.QUARANTINED:
                raise WrongState(f"{here.arrival.name} is {here.arrival.state}", expected="quarantined")
            quarantine.require_way_back(here)
            named = rows.by_name(cursor, here.arrival.source, here.arrival.name)
            try:
                rows.release(cursor, arrival_id)
            except psycopg2.errors.UniqueViolation as error:
                raise InputConflict(
                    f"{here.arrival.name} cannot be released: its subject {here.arrival.subject} "
                    "is held by another content",
                    kept=f"in quarantine at {here.arrival.path}",
                    remedy="send the other one to quarantine first",
                ) from error
            if named is None or named[0].arrival.arrival_id != arrival_id:
                rows.deliver(cursor, here, here.arrival.name, Outcome.NEW)
        self._checkpoint("recorded")
        return self._settle(arrival_id).arrival

    def balance(self) -> dict[str, Balance]:
        """Return the contents by state for each source. accepted = loaded + quarantined + pending."""
        return {source: Balance(*counts) for source, *counts in self._database.rows(rows.BALANCE)}

    def reconcile(self) -> Reconciled:
        """Finish moves a crash has cut, and report pending and quarantined bytes that are gone."""
        return reconciled(self._database, self._settle)

    def _enter(
        self, cursor: Cursor, old: Row | None, source: str, delivery: Delivery, identity: Identity
    ) -> tuple[Row, Outcome]:
        """Give a content its row: pending, or quarantined where its subject is taken."""
        holder = rows.holder(cursor, source, delivery.subject)
        reason = quarantine.conflict_record(holder, delivery.subject, identity) if holder else None
        if reason is None:
            # A partial unique index guards the subject of all that is not quarantined.
            if old is not None:
                return rows.identify(cursor, old.arrival.arrival_id, identity, **delivery.about), Outcome.NEW
            return rows.insert(cursor, source, delivery.path, identity, **delivery.about), Outcome.NEW
        if old is None:
            old = rows.insert(cursor, source, delivery.path, identity)
        here = self._quarantine(cursor, old, reason)
        return rows.identify(cursor, here.arrival.arrival_id, identity, **delivery.about), Outcome.CONFLICT

    def _quarantine(self, cursor: Cursor, here: Row, record: dict[str, Any]) -> Row:
        place = quarantine.free_place(cursor, self._quarantine_dir, here.arrival, utc_now())
        told = {"kept": f"quarantined at {place}", "remedy": record.get("remedy") or REMEDY}
        return rows.quarantine(cursor, here.arrival.arrival_id, place, {**record, **told})

    def _settle(self, arrival_id: int) -> Row:
        """Move the bytes to where the row says; whoever holds the row's lock does it, once."""
        with self._database.transaction() as cursor:
            here = _require(rows.by_id(cursor, arrival_id, for_update=True), arrival_id)
            if here.settled:
                return here
            there = quarantine.move(here, self._checkpoint)
            reason = here.arrival.reason
            if not there and reason is not None:
                reason = {**reason, "kept": "nothing: the file was gone before it could be moved"}
            settled = rows.settle(cursor, here, reason)
        self._checkpoint("settled")
        return settled


def _identify(path: Path, form: Form, digest: str | None = None) -> Identity:
    return files.identify(path, digest) if form is Form.FILE else trees.identify(path)


def _awaits_identity(here: Row) -> bool:
    return here.arrival.state is State.PENDING and not here.arrival.subject


def _require(here: Row | None, arrival_id: int) -> Row:
    if here is None:
        raise UnknownArrival(
            f"there is no arrival {arrival_id}", remedy="`dsa-hcal quarantine list` shows the ids"
        )
    return here
