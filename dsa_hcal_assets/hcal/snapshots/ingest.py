"""Accept files into the ledger: each new name is read once, verified and given its day.

Belongs here: what happens between a file landing in ``incoming/<source>`` and its row in the ledger,
for snapshots (`scan`) and for files of any other kind (`scan_files`). Not here: what is in the files
(the source's room) and loading them (loading.py).
"""

import logging
import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dsa_hcal_assets.clock import day_key, utc_now
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.hcal.snapshots.source import SUFFIX, S, SnapshotSource
from dsa_hcal_assets.ledger import Arrival, Ledger, Outcome, State
from dsa_hcal_assets.ledger.deliveries import Delivery
from dsa_hcal_assets.ledger.model import FileUnavailable
from dsa_hcal_assets.products import Input

FIRST_DAY = datetime(2023, 1, 1, tzinfo=UTC)  # first daily partition; nothing earlier can be processed
LIVE = timedelta(days=1)  # how far back what is being taken now may lie
FUTURE_LIMIT = timedelta(hours=1)  # a clock this far ahead is wrong, not early
_AT_ONCE = 100  # files entered into the ledger in one transaction

logger = logging.getLogger(__name__)


class SnapshotTimeImpossible(BadInput):
    """A snapshot, or another record, claims a time that cannot be right."""


@dataclass(frozen=True)
class Identity:
    """What a file is to the ledger.

    Parameters
    ----------
    subject
        The effect it has; another content with the same effect is a conflict.
    moment
        Aware time it is about; its UTC day is the partition.
    digest
        Identity of its content; None takes the SHA-256 of its bytes.
    """

    subject: str
    moment: datetime
    digest: str | None = None


@dataclass
class ScanReport:
    """What one look into the incoming directory found.

    Parameters
    ----------
    accepted
        New contents, now pending, in the order they were read.
    duplicates
        Files whose content had been accepted before under another name or delivery.
    conflicts, quarantined
        Files moved to quarantine: another content for a known subject; unreadable or impossible.
    unavailable
        Names that could not be opened now (gone, no permission, I/O error); seen again next time.
    foreign
        Names in the directory that are no files of the source; left alone.
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
        """UTC days that have something new, in order."""
        return sorted({arrival.partition for arrival in self.accepted})


def check_time(moment: datetime, now: datetime, what: str = "snapshot") -> None:
    """Refuse a time in the future or before the first day the platform keeps.

    Parameters
    ----------
    moment
        Aware time a record claims: of a snapshot, the start of its cycle.
    what
        The kind of record, for the message.

    Raises
    ------
    SnapshotTimeImpossible
        If `moment` is more than an hour after `now` or before 2023.
    """
    if FIRST_DAY <= moment <= now + FUTURE_LIMIT:
        return
    raise SnapshotTimeImpossible(
        f"{what} of {moment.isoformat()}: the time cannot be right",
        expected=f"from {FIRST_DAY.date()} to {(now + FUTURE_LIMIT).isoformat(timespec='seconds')}",
        found=moment.isoformat(),
        remedy="check the clock of the machine it comes from; release the file if ours was wrong",
    )


def scan(
    incoming: Path,
    ledger: Ledger,
    source: SnapshotSource[S],
    *,
    limit: int = 500,
    now: datetime | None = None,
) -> ScanReport:
    """Bring the snapshot files of `incoming` that the ledger does not know into it; see `scan_files`.

    Those of the last day go first: what is being taken now never waits behind a backlog. Their checksums
    are verified here, what the boards said is looked at when they are loaded.

    Parameters
    ----------
    now
        Current time for the plausibility check.
    """

    def identify(path: Path) -> Identity:
        look = source.look(path)
        check_time(look.cycle, now or utc_now())
        return Identity(look.cycle.isoformat(), look.cycle, look.digest)

    live_from = source.file_name((now or utc_now()) - LIVE)
    return scan_files(
        incoming, ledger, source.name, identify, suffix=SUFFIX, limit=limit, live_from=live_from
    )


def scan_files(
    incoming: Path,
    ledger: Ledger,
    source: str,
    identify: Callable[[Path], Identity],
    *,
    suffix: str,
    limit: int = 500,
    live_from: str = "",
) -> ScanReport:
    """Bring the files of `incoming` that the ledger does not know into it.

    Names alone decide what is new, so a directory of many known files costs one listing and one
    query; at most `limit` new files are read, oldest first. Safe to repeat and to run twice at once.

    Parameters
    ----------
    incoming
        The directory of the source's files (``<incoming>/<source>``); need not exist yet.
    identify
        Reads and verifies a file; `BadInput` puts it into quarantine, OSError leaves it for later.
    suffix
        End of the names that belong to the source.
    live_from
        Names from this one on are read before the older ones.

    Raises
    ------
    DatabaseUnavailable
        If the ledger cannot be asked; every file stays where it is.
    """
    report = ScanReport()
    names = _names(incoming, suffix, report)
    unknown = ledger.unknown(source, names)
    live = bisect_left(unknown, live_from)
    unknown = unknown[live:] + unknown[:live]
    report.remaining = max(0, len(unknown) - limit)
    for some in _batched(unknown[:limit], _AT_ONCE):
        _accept([incoming / name for name in some], ledger, source, identify, report)
    return report


def day_inputs(ledger: Ledger, source: SnapshotSource[S], day: str) -> tuple[Input, ...]:
    """Return the snapshot files a source's state of a UTC day was loaded from, for provenance."""
    arrivals = ledger.of_partition(source.name, day)
    return tuple(Input(arrival.name, arrival.digest) for arrival in arrivals if arrival.state is State.LOADED)


def _names(incoming: Path, suffix: str, report: ScanReport) -> list[str]:
    names = []
    try:
        with os.scandir(incoming) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue  # a writer's unfinished part
                if entry.name.endswith(suffix) and entry.is_file(follow_symlinks=False):
                    names.append(entry.name)
                else:
                    report.foreign.append(entry.name)
    except FileNotFoundError:
        return []
    return sorted(names)


def _accept(
    paths: Iterable[Path],
    ledger: Ledger,
    source: str,
    identify: Callable[[Path], Identity],
    report: ScanReport,
) -> None:
    deliveries = []
    for path in paths:
        with _kept_if_unavailable(path, source, report):
            if delivery := _identified(path, ledger, source, identify, report):
                deliveries.append(delivery)
    entered = ledger.accept_plain(source, deliveries)
    for delivery in deliveries:
        if delivery.path.name in entered:
            report.accepted.append(entered[delivery.path.name])
            continue
        with _kept_if_unavailable(delivery.path, source, report):
            _decide(delivery, ledger, source, report)


@contextmanager
def _kept_if_unavailable(path: Path, source: str, report: ScanReport) -> Iterator[None]:
    try:
        yield
    except (OSError, FileUnavailable) as error:
        logger.warning("%s file %s cannot be opened now: %s", source, path.name, error)
        report.unavailable.append(path.name)


def _identified(
    path: Path, ledger: Ledger, source: str, identify: Callable[[Path], Identity], report: ScanReport
) -> Delivery | None:
    """Return what the file is about; None if it had to go to quarantine."""
    try:
        identity = identify(path)
    except BadInput as error:
        logger.warning("%s file %s quarantined: %s", source, path.name, error)
        ledger.quarantine_arrival(source, path, error)
        report.quarantined.append(path.name)
        return None
    day = day_key(identity.moment)
    return Delivery(path, identity.subject, day, identity.moment, identity.digest)


def _decide(delivery: Delivery, ledger: Ledger, source: str, report: ScanReport) -> None:
    """Accept a file whose name, content or subject is known."""
    accepted = ledger.accept(
        source,
        delivery.path,
        subject=delivery.subject,
        partition=delivery.partition,
        digest=delivery.digest,
        sample_time=delivery.sample_time,
    )
    if accepted.outcome is Outcome.NEW:
        report.accepted.append(accepted.arrival)
    elif accepted.outcome is Outcome.CONFLICT:
        logger.warning("%s file %s quarantined: another content has its subject", source, delivery.path.name)
        report.conflicts.append(delivery.path.name)
    else:
        report.duplicates.append(delivery.path.name)


def _batched(names: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]
