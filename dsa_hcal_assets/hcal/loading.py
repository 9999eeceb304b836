"""Load the snapshots of a day into the tower tables: each once, whole, with its ledger row.

Belongs here: which snapshots are loaded, and the one transaction they are loaded in. Not here:
the SQL and bytes of that transaction (snapshot_tables.py, tower_rows.py).

A snapshot file with damaged bytes is quarantined whole, even if only one board's block is damaged:
its good boards can be loaded once the file is restored and released, and a half-loaded cycle could
not be told from a good one. A board that answered nonsense is another matter: the file is sound
and says so, that board is `partial` or `down` and costs only its own towers. A board the channel
map does not know is left out, recorded, and warned about.
"""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import BadInput, InputConflict, PlatformError
from dsa_hcal_assets.hcal import snapshot_tables
from dsa_hcal_assets.hcal.channel_map import ChannelMap
from dsa_hcal_assets.hcal.dimensions import sync_dimensions
from dsa_hcal_assets.hcal.ingest import SOURCE, check_time
from dsa_hcal_assets.hcal.load_report import LoadReport, Result, SnapshotOutcome
from dsa_hcal_assets.hcal.snapshot import read_snapshot
from dsa_hcal_assets.hcal.snapshot_tables import Prepared
from dsa_hcal_assets.hcal.tower_rows import tower_rows
from dsa_hcal_assets.ledger import Arrival, Ledger, State

BATCH = 24  # snapshots a transaction: 74 k rows, about a third of a second

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Batch:
    ready: list[Prepared]
    refused: list[SnapshotOutcome]


def load_day(
    database: Database,
    ledger: Ledger,
    day: str | date,
    channel_map: ChannelMap,
    run_id: str,
    everything: bool = False,
    *,
    now: datetime | None = None,
) -> LoadReport:
    """Load the pending snapshots of a UTC day, or all of them again.

    Data, board states, dirty hours and the ledger's `loaded` mark of up to `BATCH` snapshots
    commit together. A cut at any point leaves whole batches only; the next call does the rest.
    Several loaders may work on one day at once: they take turns, each snapshot is loaded once.

    Parameters
    ----------
    day
        UTC day, ``YYYY-MM-DD`` or date.
    run_id
        Who loads, for the ledger and `hcal.snapshot`.
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
    sync_dimensions(database, channel_map)
    arrivals = ledger.of_partition(SOURCE, key) if everything else ledger.pending(SOURCE, key)
    outcomes: list[SnapshotOutcome] = []
    for some in _batches(sorted(arrivals, key=lambda arrival: arrival.subject)):
        batch = _prepare(ledger, some, channel_map, now or utc_now())
        outcomes += batch.refused
        if batch.ready:
            outcomes += _load(database, ledger, key, batch.ready, channel_map, run_id, everything)
    outcomes.sort(key=lambda outcome: outcome.subject)
    report = LoadReport(key, tuple(outcomes), time.monotonic() - started)
    logger.info("loaded %s", report.summary())
    return report


def _batches(arrivals: Sequence[Arrival]) -> Iterator[Sequence[Arrival]]:
    for start in range(0, len(arrivals), BATCH):
        yield arrivals[start : start + BATCH]


def _prepare(ledger: Ledger, arrivals: Sequence[Arrival], channel_map: ChannelMap, now: datetime) -> _Batch:
    batch = _Batch([], [])
    for arrival in arrivals:
        try:
            batch.ready.append(_read(arrival, channel_map, now))
        except BadInput as error:
            batch.refused.append(_refuse(ledger, arrival, error))
        except OSError as error:
            # Never quarantine for this: with the directory unmounted, every file would be "bad".
            logger.warning("snapshot %s cannot be opened now and stays pending: %s", arrival.path, error)
            record = {"error": type(error).__name__, "what": str(error)}
            batch.refused.append(_outcome(arrival, Result.UNAVAILABLE, error=record))
    return batch


def _read(arrival: Arrival, channel_map: ChannelMap, now: datetime) -> Prepared:
    snapshot = read_snapshot(arrival.path)
    if snapshot.cycle.isoformat() != arrival.subject:
        raise InputConflict(
            f"{arrival.path} changed after it was accepted",
            expected=f"the snapshot of {arrival.subject}",
            found=f"the snapshot of {snapshot.cycle.isoformat()}",
            remedy="find out who writes into the incoming directory; restore the file and release it",
        )
    check_time(snapshot, now)
    epoch = channel_map.at(snapshot.cycle)
    towers = tower_rows(snapshot, epoch)
    for board in towers.unmapped:
        logger.warning("snapshot %s: board %r is not in the channel map, not loaded", arrival.name, board)
    return Prepared(arrival, snapshot, towers, epoch.boards)


def _load(
    database: Database,
    ledger: Ledger,
    day: str,
    ready: list[Prepared],
    channel_map: ChannelMap,
    run_id: str,
    everything: bool,
) -> list[SnapshotOutcome]:
    outcomes, conflicts = [], []
    snapshot_tables.ensure_months(database, [prepared.snapshot.cycle for prepared in ready])
    with database.transaction() as cursor:
        snapshot_tables.take_turn(cursor, date.fromisoformat(day))
        present = snapshot_tables.present(cursor, [prepared.snapshot.cycle for prepared in ready])
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
            snapshot_tables.write(cursor, chosen, channel_map.digest, run_id)
            ledger.mark_loaded(cursor, [prepared.arrival for prepared in chosen], run_id)
    return outcomes + [
        _refuse(ledger, prepared.arrival, _conflict(prepared, holder)) for prepared, holder in conflicts
    ]


def _conflict(prepared: Prepared, holder: int | None) -> InputConflict:
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


def _loaded(prepared: Prepared, result: Result) -> SnapshotOutcome:
    return _outcome(
        prepared.arrival,
        result,
        cycle=prepared.snapshot.cycle,
        towers=len(prepared.towers.rows),
        rejected_boards=prepared.towers.unmapped,
    )


def _outcome(
    arrival: Arrival,
    result: Result,
    *,
    cycle: datetime | None = None,
    towers: int = 0,
    rejected_boards: tuple[str, ...] = (),
    error: Mapping[str, str | bool | None] | None = None,
) -> SnapshotOutcome:
    return SnapshotOutcome(
        arrival.name, arrival.arrival_id, arrival.subject, result, cycle, towers, rejected_boards, error
    )
