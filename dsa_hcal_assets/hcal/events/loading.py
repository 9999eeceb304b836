"""From files of events to `hcal.event` and what follows from it: each once, with its ledger row."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import Json

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import BadInput, InputConflict
from dsa_hcal_assets.hcal.events import runs, set_points
from dsa_hcal_assets.hcal.events.event import ControlEvent
from dsa_hcal_assets.hcal.events.event_file import SUFFIX, read_event
from dsa_hcal_assets.hcal.snapshots import due
from dsa_hcal_assets.hcal.snapshots.ingest import Identity, check_time, scan_files
from dsa_hcal_assets.ledger import Arrival, Ledger
from dsa_hcal_assets.ledger.scanning import ScanReport

logger = logging.getLogger(__name__)

SOURCE = "events"
BATCH = 200  # events a transaction, or as many as set this many towers, some 2 s of work
BATCH_TOWERS = 30_000
Ready = tuple[Arrival, ControlEvent]
_INSERT = """
insert into hcal.event (at, kind, detector, half_sector, tower_id, run_number, value, source, arrival_id)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (arrival_id) do nothing
returning event_id
"""


@dataclass(frozen=True)
class EventsLoaded:
    """What a load did: how many events it recorded, and what it sent to quarantine, with the reasons."""

    recorded: int
    quarantined: tuple[tuple[Arrival, BadInput], ...]


def scan(incoming: Path, ledger: Ledger, *, limit: int = 500, now: datetime | None = None) -> ScanReport:
    """Bring the event files of `incoming` that the ledger does not know into it; see `scan_files`.

    The content counts, not its spelling: the same event written otherwise is a duplicate.
    """

    def identify(path: Path) -> Identity:
        event = read_event(path)
        check_time(event.at, now or utc_now(), "event")
        return Identity(event.subject(), event.at, event.digest())

    return scan_files(incoming, ledger, SOURCE, identify, suffix=SUFFIX, limit=limit)


def load(database: Database, ledger: Ledger, run_id: str, day: str | None = None) -> EventsLoaded:
    """Record the pending events (of a UTC day, or all), with set points and runs that follow from them.

    Event, consequences and the ledger's mark commit together, some `BATCH` events a transaction; a
    cut leaves whole batches, the next call does the rest. The order in which events arrive or are
    loaded changes nothing but `event_id`.

    Parameters
    ----------
    run_id
        Who loads, for the ledger.

    Raises
    ------
    DatabaseUnavailable
        If the database is or becomes unreachable: retry the call.
    """
    recorded = 0
    refused: list[tuple[Arrival, BadInput]] = []
    for ready in _batches(_read(ledger.pending(SOURCE, day), refused)):
        with database.transaction() as cursor:
            count, contradicting = _record(cursor, ledger, ready, run_id)
        recorded += count
        refused += contradicting
    for arrival, error in refused:
        logger.warning("event %s quarantined: %s", arrival.name, error)
        ledger.reject(arrival, error)
    return EventsLoaded(recorded, tuple(refused))


def _read(arrivals: Iterable[Arrival], refused: list[tuple[Arrival, BadInput]]) -> Iterator[Ready]:
    """Yield arrivals with their events; what cannot be used is added to `refused`."""
    for arrival in arrivals:
        try:
            event = read_event(arrival.path)
            _require_unchanged(arrival, event)
        except OSError as error:
            # Never quarantine for this: with the directory unmounted, every file would be "bad".
            logger.warning("event %s cannot be opened now and stays pending: %s", arrival.path, error)
        except BadInput as error:
            refused.append((arrival, error))
        else:
            yield arrival, event


def _require_unchanged(arrival: Arrival, event: ControlEvent) -> None:
    if event.digest() != arrival.digest:
        raise InputConflict(
            f"{arrival.path} changed after it was accepted",
            expected=f"{arrival.subject}, digest {arrival.digest}",
            found=f"{event.subject()}, digest {event.digest()}",
            remedy="find out who writes into the incoming directory; restore the file and release it",
        )


def _batches(found: Iterable[Ready]) -> Iterator[list[Ready]]:
    some: list[Ready] = []
    towers = 0
    for one in found:
        some.append(one)
        towers += set_points.towers_set(one[1])
        if len(some) == BATCH or towers >= BATCH_TOWERS:
            yield some
            some, towers = [], 0
    if some:
        yield some


def _record(
    cursor: Cursor, ledger: Ledger, ready: Sequence[Ready], run_id: str
) -> tuple[int, list[tuple[Arrival, BadInput]]]:
    cursor.execute("select pg_advisory_xact_lock(hashtext('hcal.events'))")
    recorded: list[Arrival] = []
    refused: list[tuple[Arrival, BadInput]] = []
    count = 0
    for arrival, event in ready:
        try:
            runs.require_consistent(cursor, event)
        except BadInput as error:
            refused.append((arrival, error))
            continue
        recorded.append(arrival)
        cursor.execute(_INSERT, _row(event, arrival.arrival_id))
        inserted = cursor.fetchone()
        if inserted is None:
            continue  # somebody else recorded it while this load waited for its turn
        count += 1
        set_points.apply(cursor, inserted[0], event)
        if event.run_number is not None:
            runs.refresh(cursor, event.run_number)
        due.mark(cursor, SOURCE, event.at.date(), arrival.arrival_id)
    if recorded:
        ledger.mark_loaded(cursor, recorded, run_id)
    return count, refused


def _row(event: ControlEvent, arrival_id: int) -> tuple[object, ...]:
    record = event.as_record()
    scope = (event.detector, event.half_sector, event.tower_id)
    value = Json(record.get("value", {}))
    return (event.at, str(event.kind), *scope, event.run_number, value, event.source, arrival_id)
