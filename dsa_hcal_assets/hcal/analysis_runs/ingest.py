"""Run files from ``incoming/runs`` into the ledger: each new name is opened once and given its run.

Belongs here: what happens between a file landing and its row in the ledger. Not here: the analysis.

The partition is the run's number, the subject run and part. A file of tens of gigabytes cannot be
hashed while a sensor waits: large ones are identified by their size and samples of their bytes, and
hashed whole when they are analysed.
"""

import hashlib
import logging
import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.hcal.analysis_runs.run_contents import RunHeader
from dsa_hcal_assets.hcal.analysis_runs.run_file import format_of, open_run
from dsa_hcal_assets.ledger import Arrival, Ledger, Outcome
from dsa_hcal_assets.ledger.model import FileUnavailable

SOURCE = "runs"
FIRST_START = datetime(2023, 1, 1, tzinfo=UTC)
FUTURE_LIMIT = timedelta(hours=1)  # a clock this far ahead is wrong, not early
HASHED_WHOLE = 256 * 2**20  # bytes; about a quarter of a second
_PIECES, _PIECE = 256, 2**16

logger = logging.getLogger(__name__)


class RunTimeImpossible(BadInput):
    """A run claims a time that cannot be right."""


@dataclass
class ScanReport:
    """What one look into the incoming directory found, by file name.

    Parameters
    ----------
    accepted
        New files, now pending.
    duplicates
        Files whose content had been delivered before.
    conflicts, quarantined
        Files moved to quarantine: other content for a known part of a run; unreadable or impossible.
    settling, unavailable
        Files that may still be growing, or could not be opened now; seen again next time.
    foreign
        Names that are no run files; left alone.
    """

    accepted: list[Arrival] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    quarantined: list[str] = field(default_factory=list)
    settling: list[str] = field(default_factory=list)
    unavailable: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


def scan(
    incoming: Path,
    ledger: Ledger,
    settle_seconds: float,
    *,
    limit: int = 50,
    now: datetime | None = None,
) -> ScanReport:
    """Bring the run files of `incoming` that the ledger does not know into it.

    Safe to repeat and to run twice at once; at most `limit` new files are opened.

    Parameters
    ----------
    incoming
        Directory of run files (``<incoming>/runs``); need not exist yet.
    settle_seconds
        A file changed less than this ago may still be growing and is left for later.

    Raises
    ------
    DatabaseUnavailable
        If the ledger cannot be asked; every file stays where it is.
    """
    report = ScanReport()
    names = _names(incoming, time.time() - settle_seconds, report)
    for name in ledger.unknown(SOURCE, names)[:limit]:
        try:
            _accept(incoming / name, ledger, report, now or utc_now())
        except (OSError, FileUnavailable) as error:
            logger.warning("run file %s cannot be opened now: %s", name, error)
            report.unavailable.append(name)
    return report


def subject_of(header: RunHeader) -> str:
    """Return what a run file is to the ledger: its part of its run."""
    return f"{header.run_number}:{header.part}"


def identity(path: Path) -> str:
    """Return what identifies a file's content: its SHA-256, or of a large one that of its size and samples.

    The samples are 256 pieces of 64 KiB, evenly spread from the first byte to the last.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size <= HASHED_WHOLE:
            return hashlib.file_digest(file, "sha256").hexdigest()
        digest = hashlib.sha256(str(size).encode())
        for piece in range(_PIECES):
            file.seek(piece * (size - _PIECE) // (_PIECES - 1))
            digest.update(file.read(_PIECE))
    return f"sampled-{digest.hexdigest()}"


def _names(incoming: Path, changed_before: float, report: ScanReport) -> list[str]:
    names = []
    try:
        with os.scandir(incoming) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue  # a writer's unfinished part
                if format_of(entry.name) is None or not entry.is_file(follow_symlinks=False):
                    report.foreign.append(entry.name)
                elif entry.stat(follow_symlinks=False).st_mtime > changed_before:
                    report.settling.append(entry.name)
                else:
                    names.append(entry.name)
    except FileNotFoundError:
        return []  # no directory yet, or a file gone since it was listed: the next look sees the rest
    return names


def _accept(path: Path, ledger: Ledger, report: ScanReport, now: datetime) -> None:
    try:
        with open_run(path) as run:
            header = run.header
        _check_time(path, header, now)
    except BadInput as error:
        logger.warning("run file %s quarantined: %s", path.name, error)
        ledger.quarantine_arrival(SOURCE, path, error)
        report.quarantined.append(path.name)
        return
    accepted = ledger.accept(
        SOURCE,
        path,
        subject=subject_of(header),
        partition=str(header.run_number),
        digest=identity(path),
        sample_time=header.started_at,
    )
    match accepted.outcome:
        case Outcome.NEW:
            report.accepted.append(accepted.arrival)
        case Outcome.DUPLICATE:
            report.duplicates.append(path.name)
        case _:
            logger.warning("run file %s quarantined: another content has its part of the run", path.name)
            report.conflicts.append(path.name)


def _check_time(path: Path, header: RunHeader, now: datetime) -> None:
    if header.started_at >= FIRST_START and header.ended_at <= now + FUTURE_LIMIT:
        return
    raise RunTimeImpossible(
        f"{path.name}: the time of run {header.run_number} cannot be right",
        expected=f"from {FIRST_START.date()} to {(now + FUTURE_LIMIT).isoformat(timespec='seconds')}",
        found=f"{header.started_at.isoformat()} to {header.ended_at.isoformat()}",
        remedy="check the clock of the acquisition machine; release the file if ours was wrong",
    )
