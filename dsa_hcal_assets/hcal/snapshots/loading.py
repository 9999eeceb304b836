"""Load the snapshots of a day into their source's tables: each once, whole, with its ledger row.

Belongs here: which snapshots are loaded, and the one transaction they are loaded in. Not here: the
SQL of a source's tables; that is its `DayTables`.

A snapshot file with damaged bytes is quarantined whole, even if only one board's block is damaged:
its good boards can be loaded once the file is restored and released, and a half-loaded cycle could
not be told from a good one. A board that answered nonsense is another matter: the file is sound
and says so, that board is `partial` or `down` and costs only its own readings. A board the tables
do not know is left out, recorded, and warned about.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, Protocol, TypeVar

from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import BadInput, InputConflict, PlatformError
from dsa_hcal_assets.hcal.snapshots import due
from dsa_hcal_assets.hcal.snapshots.ingest import check_time
from dsa_hcal_assets.hcal.snapshots.load_report import LoadReport, Result, SnapshotOutcome
from dsa_hcal_assets.hcal.snapshots.source import S, SnapshotSource
from dsa_hcal_assets.ledger import Arrival, Ledger, State

C = TypeVar("C")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Prepared(Generic[S, C]):
    """A snapshot that has been read and made ready to be written.

    Parameters
    ----------
    content
        Its rows, in whatever form its tables write.
    rows
        How many rows of readings it becomes.
    rejected
        Boards of the file that the tables do not know; nothing of them is in `content`.
    """

    arrival: Arrival
    snapshot: S
    content: C
    rows: int
    rejected: tuple[str, ...] = ()


class DayTables(Protocol[S, C]):
    """Where the snapshots of a source go."""

    @property
    def batch(self) -> int:
        """Snapshots a transaction; about a third of a second of work."""

    def prepare(self, arrival: Arrival, snapshot: S) -> Prepared[S, C]:
        """Make the rows of a snapshot; `BadInput` puts its file into quarantine."""

    def make_room(self, database: Database, cycles: Sequence[datetime]) -> None:
        """Create what must exist before the rows of `cycles` can be written (partitions)."""

    def present(self, cursor: Cursor, cycles: Sequence[datetime]) -> dict[datetime, int]:
        """Return the arrival each of `cycles` is loaded from, for those that are."""

    def write(self, cursor: Cursor, some: Sequence[Prepared[S, C]], run_id: str) -> None:
        """Write snapshots of one UTC day, taking the place of what their cycles had."""


@dataclass(frozen=True, eq=False)
class _Batch(Generic[S, C]):
    ready: list[Prepared[S, C]]
    refused: list[SnapshotOutcome]


def take_turn(cursor: Cursor, source: str, day: date) -> None:
    """Wait until no other transaction loads or sums up this UTC day of a source; hold the turn to the end."""
    cursor.execute("select pg_advisory_xact_lock(hashtext(%s), %s)", (f"hcal.day {source}", day.toordinal()))


def load_day(
    database: Database,
    ledger: Ledger,
    source: SnapshotSource[S],
    tables: DayTables[S, C],
    day: str | date,
    run_id: str,
    everything: bool = False,
    *,
    now: datetime | None = None,
) -> LoadReport:
    """Load the pending snapshots of a UTC day, or all of them again.

    The rows and the ledger's `loaded` mark of up to `tables.batch` snapshots commit together. A cut
    at any point leaves whole batches only; the next call does the rest. Several loaders may work on
    one day at once: they take turns, each snapshot is loaded once. While the server takes a batch, the
    next one is read and made ready.

    Parameters
    ----------
    day
        UTC day, ``YYYY-MM-DD`` or date.
    run_id
        Who loads, for the ledger and the tables.
    everything
        Reload the day from its files, for example under a corrected channel map.
    now
        Current time for the plausibility check.

    Returns
    -------
    LoadReport
        One outcome a snapshot; bad snapshots never stop the others.

    Raises
    ------
    DatabaseUnavailable
        If the database is or becomes unreachable: retry the call.
    """
    started = time.monotonic()
    key = day.isoformat() if isinstance(day, date) else day
    arrivals = ledger.of_partition(source.name, key) if everything else ledger.pending(source.name, key)
    outcomes: list[SnapshotOutcome] = []

    def prepare(some: Sequence[Arrival]) -> _Batch[S, C]:
        return _prepare(ledger, some, source, tables, now or utc_now())

    for batch in _ahead(prepare, _batches(sorted(arrivals, key=_subject), tables.batch)):
        outcomes += batch.refused
        if batch.ready:
            outcomes += _load(database, ledger, source.name, key, batch.ready, tables, run_id, everything)
    outcomes.sort(key=lambda outcome: outcome.subject)
    report = LoadReport(key, tuple(outcomes), time.monotonic() - started)
    logger.info("loaded %s: %s", source.name, report.summary())
    return report


def _ahead(
    prepare: Callable[[Sequence[Arrival]], _Batch[S, C]], some: Iterator[Sequence[Arrival]]
) -> Iterator[_Batch[S, C]]:
    """Yield each batch prepared, the one after it being prepared meanwhile."""
    first = next(some, None)
    if first is None:
        return
    batch = prepare(first)
    with ThreadPoolExecutor(1, thread_name_prefix="snapshots") as beside:
        for arrivals in some:
            following = beside.submit(prepare, arrivals)
            yield batch
            batch = following.result()
    yield batch


def _subject(arrival: Arrival) -> str:
    return arrival.subject


def _batches(arrivals: Sequence[Arrival], size: int) -> Iterator[Sequence[Arrival]]:
    """Yield the arrivals in batches, a small one first: the server waits for that one only."""
    first = max(1, size // 4)
    for start in (0, *range(first, len(arrivals), size)):
        if some := arrivals[start : start + (size if start else first)]:
            yield some


def _prepare(
    ledger: Ledger,
    arrivals: Sequence[Arrival],
    source: SnapshotSource[S],
    tables: DayTables[S, C],
    now: datetime,
) -> _Batch[S, C]:
    batch: _Batch[S, C] = _Batch([], [])
    for arrival in arrivals:
        try:
            batch.ready.append(_read(arrival, source, tables, now))
        except BadInput as error:
            batch.refused.append(_refuse(ledger, arrival, error))
        except OSError as error:
            # Never quarantine for this: with the directory unmounted, every file would be "bad".
            logger.warning("snapshot %s cannot be opened now and stays pending: %s", arrival.path, error)
            record = {"error": type(error).__name__, "what": str(error)}
            batch.refused.append(_outcome(arrival, Result.UNAVAILABLE, error=record))
    return batch


def _read(
    arrival: Arrival, source: SnapshotSource[S], tables: DayTables[S, C], now: datetime
) -> Prepared[S, C]:
    snapshot = source.read(arrival.path)
    if snapshot.cycle.isoformat() != arrival.subject:
        raise InputConflict(
            f"{arrival.path} changed after it was accepted",
            expected=f"the snapshot of {arrival.subject}",
            found=f"the snapshot of {snapshot.cycle.isoformat()}",
            remedy="find out who writes into the incoming directory; restore the file and release it",
        )
    check_time(snapshot.cycle, now)
    prepared = tables.prepare(arrival, snapshot)
    for board in prepared.rejected:
        logger.warning("snapshot %s: board %r is not known, not loaded", arrival.name, board)
    return prepared


def _load(
    database: Database,
    ledger: Ledger,
    source: str,
    day: str,
    ready: list[Prepared[S, C]],
    tables: DayTables[S, C],
    run_id: str,
    everything: bool,
) -> list[SnapshotOutcome]:
    outcomes, conflicts = [], []
    cycles = [prepared.snapshot.cycle for prepared in ready]
    tables.make_room(database, cycles)
    with database.transaction() as cursor:
        take_turn(cursor, source, date.fromisoformat(day))
        present = tables.present(cursor, cycles)
        chosen = []
        for prepared in ready:
            holder = present.get(prepared.snapshot.cycle)
            if holder not in (None, prepared.arrival.arrival_id):
                conflicts.append((prepared, holder))
            elif holder is not None and not everything:
                outcomes.append(_outcome(prepared.arrival, Result.ALREADY, cycle=prepared.snapshot.cycle))
            else:
                chosen.append(prepared)
                outcomes.append(_loaded(prepared, Result.REPLACED if holder is not None else Result.LOADED))
        if chosen:
            tables.write(cursor, chosen, run_id)
            due.mark(
                cursor,
                source,
                date.fromisoformat(day),
                max(prepared.arrival.arrival_id for prepared in chosen),
            )
            ledger.mark_loaded(cursor, [prepared.arrival for prepared in chosen], run_id)
    return outcomes + [
        _refuse(ledger, prepared.arrival, _conflict(prepared, holder)) for prepared, holder in conflicts
    ]


def _conflict(prepared: Prepared[S, C], holder: int | None) -> InputConflict:
    return InputConflict(
        f"the cycle of {prepared.arrival.name} is already loaded from another file",
        expected=f"arrival {holder}",
        found=f"arrival {prepared.arrival.arrival_id}, digest {prepared.arrival.digest}",
        kept="the rows loaded first are unchanged",
        remedy="compare the two files; the ledger names both",
    )


def _refuse(ledger: Ledger, arrival: Arrival, error: PlatformError) -> SnapshotOutcome:
    if arrival.state is not State.PENDING:
        # reloading a day: what the file once gave is in the database and better than nothing
        logger.warning("snapshot %s can no longer be read, its loaded rows stay: %s", arrival.name, error)
        return _outcome(arrival, Result.KEPT, error=error.as_record())
    logger.warning("snapshot %s quarantined: %s", arrival.name, error)
    ledger.reject(arrival, error)
    return _outcome(arrival, Result.QUARANTINED, error=error.as_record())


def _loaded(prepared: Prepared[S, C], result: Result) -> SnapshotOutcome:
    return _outcome(
        prepared.arrival,
        result,
        cycle=prepared.snapshot.cycle,
        rows=prepared.rows,
        rejected_boards=prepared.rejected,
    )


def _outcome(
    arrival: Arrival,
    result: Result,
    *,
    cycle: datetime | None = None,
    rows: int = 0,
    rejected_boards: tuple[str, ...] = (),
    error: Mapping[str, str | bool | None] | None = None,
) -> SnapshotOutcome:
    return SnapshotOutcome(
        arrival.name, arrival.arrival_id, arrival.subject, result, cycle, rows, rejected_boards, error
    )
