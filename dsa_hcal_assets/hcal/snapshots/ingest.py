"""Accept snapshot files into the ledger: each new name is read once, verified and given its day.

Belongs here: what happens between a file landing in ``incoming/<source>`` and its row in the ledger.
Not here: what is in the files (the source's room) and loading them (loading.py).
"""

import logging
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dsa_hcal_assets.clock import day_key, utc_now
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.hcal.snapshots.source import SUFFIX, Cycle, S, SnapshotSource
from dsa_hcal_assets.ledger import Arrival, Ledger, Outcome, State
from dsa_hcal_assets.ledger.model import FileUnavailable
from dsa_hcal_assets.products import Input

FIRST_DAY = datetime(2023, 1, 1, tzinfo=UTC)  # first daily partition; nothing earlier can be processed
FUTURE_LIMIT = timedelta(hours=1)  # a clock this far ahead is wrong, not early

logger = logging.getLogger(__name__)


class SnapshotTimeImpossible(BadInput):
    """A snapshot claims a time that cannot be right."""


@dataclass
class ScanReport:
    """What one look into the incoming directory found.

    Parameters
    ----------
    accepted
        New snapshots, now pending, oldest first.
    duplicates
        Files whose content had been accepted before under another name or delivery.
    conflicts, quarantined
        Files moved to quarantine: another content for a known cycle; unreadable or impossible.
    unavailable
        Names that could not be opened now (gone, no permission, I/O error); seen again next time.
    foreign
        Names in the directory that are no snapshot files; left alone.
    remaining
        Names left for the next scan because of `limit`.
    """

    accepted: list[Arrival] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    quarantined: list[str] = field(default_factory=list)
    unavailable: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    remaining: int = 0

    @property
    def partitions(self) -> list[str]:
        """UTC days that have new snapshots, in order."""
        return sorted({arrival.partition for arrival in self.accepted})


def check_time(snapshot: Cycle, now: datetime) -> None:
    """Refuse a snapshot from the future or from before the first day the platform keeps.

    Raises
    ------
    SnapshotTimeImpossible
        If the cycle starts more than an hour after `now` or before 2023.
    """
    if FIRST_DAY <= snapshot.cycle <= now + FUTURE_LIMIT:
        return
    raise SnapshotTimeImpossible(
        f"snapshot of {snapshot.cycle.isoformat()}: the time cannot be right",
        expected=f"from {FIRST_DAY.date()} to {(now + FUTURE_LIMIT).isoformat(timespec='seconds')}",
        found=snapshot.cycle.isoformat(),
        remedy="check the clock of the acquisition machine; release the file if ours was wrong",
    )


def scan(
    incoming: Path,
    ledger: Ledger,
    source: SnapshotSource[S],
    *,
    limit: int = 500,
    now: datetime | None = None,
) -> ScanReport:
    """Bring the snapshot files of `incoming` that the ledger does not know into it.

    Names alone decide what is new, so a directory of many known files costs one listing and one
    query; at most `limit` new files are read, oldest first. Safe to repeat and to run twice at once.

    Parameters
    ----------
    incoming
        The directory of the source's files (``<incoming>/<source>``); need not exist yet.
    now
        Current time for the plausibility check.

    Raises
    ------
    DatabaseUnavailable
        If the ledger cannot be asked; every file stays where it is.
    """
    report = ScanReport()
    names = _names(incoming, report)
    unknown = ledger.unknown(source.name, names)
    report.remaining = max(0, len(unknown) - limit)
    for name in unknown[:limit]:
        try:
            _accept(incoming / name, ledger, source, report, now or utc_now())
        except (OSError, FileUnavailable) as error:
            logger.warning("snapshot %s cannot be opened now: %s", name, error)
            report.unavailable.append(name)
    return report


def day_inputs(ledger: Ledger, source: SnapshotSource[S], day: str) -> tuple[Input, ...]:
    """Return the snapshot files a source's state of a UTC day was loaded from, for provenance."""
    arrivals = ledger.of_partition(source.name, day)
    return tuple(Input(arrival.name, arrival.digest) for arrival in arrivals if arrival.state is State.LOADED)


def _names(incoming: Path, report: ScanReport) -> list[str]:
    names = []
    try:
        with os.scandir(incoming) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue  # a writer's unfinished part
                if entry.name.endswith(SUFFIX) and entry.is_file(follow_symlinks=False):
                    names.append(entry.name)
                else:
                    report.foreign.append(entry.name)
    except FileNotFoundError:
        return []
    return sorted(names)


def _accept(path: Path, ledger: Ledger, source: SnapshotSource[S], report: ScanReport, now: datetime) -> None:
    try:
        snapshot = source.read(path)
        check_time(snapshot, now)
    except BadInput as error:
        logger.warning("snapshot %s quarantined: %s", path.name, error)
        ledger.quarantine_arrival(source.name, path, error)
        report.quarantined.append(path.name)
        return
    accepted = ledger.accept(
        source.name,
        path,
        subject=snapshot.cycle.isoformat(),
        partition=day_key(snapshot.cycle),
        sample_time=snapshot.cycle,
    )
    if accepted.outcome is Outcome.NEW:
        report.accepted.append(accepted.arrival)
    elif accepted.outcome is Outcome.CONFLICT:
        logger.warning("snapshot %s quarantined: another content has its cycle", path.name)
        report.conflicts.append(path.name)
    else:
        report.duplicates.append(path.name)
