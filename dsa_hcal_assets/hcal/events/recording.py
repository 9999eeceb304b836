"""Record one event now: for the command line, the API and control programs in Python."""

import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from dsa_hcal_assets.clock import day_key, utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import DatabaseUnavailable, InputConflict
from dsa_hcal_assets.hcal.events import loading
from dsa_hcal_assets.hcal.events.event import ControlEvent
from dsa_hcal_assets.hcal.events.event_file import write_event
from dsa_hcal_assets.hcal.snapshots.ingest import check_time
from dsa_hcal_assets.ledger import Ledger, State


class Standing(StrEnum):
    """Where an event that was handed in stands."""

    RECORDED = "recorded"
    KNOWN = "known already"
    WAITING = "waits for the database"


@dataclass(frozen=True)
class Recorded:
    """What became of an event; `event_id` is None while it waits."""

    path: Path
    standing: Standing
    event_id: int | None


def record(
    event: ControlEvent, incoming: Path, database: Database, ledger: Ledger, run_id: str = "recording"
) -> Recorded:
    """Write an event durably, then take it into the books.

    Once this returns, the event is never lost: while the database is away its file waits in
    `incoming`, and the platform loads it by itself. Recording the same event again is harmless.

    Parameters
    ----------
    incoming
        The directory of event files (``<incoming>/events``).

    Raises
    ------
    SnapshotTimeImpossible
        If it lies in the future or before 2023; nothing was written.
    InputConflict
        If something else is recorded for the same time, kind and scope, or the same end of a run, or
        the event was refused before.
    RunEndsBeforeItStarts
        If it contradicts the other end of its run.
    DiskFull, WriteFailed
        If the file cannot be written; nothing is left.
    """
    check_time(event.at, utc_now(), "event")
    path = write_event(incoming, event)
    try:
        return _taken(event, path, database, ledger, run_id)
    except DatabaseUnavailable:
        return Recorded(path, Standing.WAITING, None)


@dataclass(frozen=True)
class Landed:
    """What became of all event files that had landed; `refused` names those that went to quarantine."""

    recorded: int
    refused: tuple[str, ...]


def record_landed(incoming: Path, database: Database, ledger: Ledger, run_id: str = "recording") -> Landed:
    """Take all event files of `incoming` into the books: for many at once, written by `write_event`.

    Raises
    ------
    DatabaseUnavailable
        If the ledger cannot be asked; the files wait.
    """
    found = loading.scan(incoming, ledger, limit=sys.maxsize)
    done = loading.load(database, ledger, run_id)
    refused = [*found.quarantined, *found.conflicts, *(arrival.name for arrival, _ in done.quarantined)]
    return Landed(done.recorded, tuple(refused))


def _taken(event: ControlEvent, path: Path, database: Database, ledger: Ledger, run_id: str) -> Recorded:
    day = day_key(event.at)
    accepted = ledger.accept(
        loading.SOURCE,
        path,
        subject=event.subject(),
        partition=day,
        digest=event.digest(),
        sample_time=event.at,
    )
    arrival_id = accepted.arrival.arrival_id
    if accepted.arrival.state is State.QUARANTINED:
        reason = accepted.arrival.reason or {}
        raise InputConflict(
            f"{event.subject()} contradicts what is recorded: {reason.get('what')}",
            expected=reason.get("expected"),
            found=reason.get("found"),
            kept=reason.get("kept"),
            remedy=reason.get("remedy"),
        )
    known = _event_id(database, arrival_id)
    if known is not None:
        return Recorded(path, Standing.KNOWN, known)
    for arrival, error in loading.load(database, ledger, run_id, day).quarantined:
        if arrival.arrival_id == arrival_id:
            raise error
    return Recorded(path, Standing.RECORDED, _event_id(database, arrival_id))


def _event_id(database: Database, arrival_id: int) -> int | None:
    rows = database.rows("select event_id from hcal.event where arrival_id = %s", (arrival_id,))
    return rows[0][0] if rows else None
