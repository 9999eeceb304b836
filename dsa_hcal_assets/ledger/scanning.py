"""A look into an incoming directory: which files are new, and what becomes of each.

Belongs here: what happens between a file landing and its row in the ledger, whatever its source. Not
here: what a file is about; the source's room says it as a `Delivery`.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.ledger.deliveries import Delivery
from dsa_hcal_assets.ledger.ledger import Ledger
from dsa_hcal_assets.ledger.model import Arrival, FileUnavailable, Outcome

logger = logging.getLogger(__name__)


@dataclass
class ScanReport:
    """What one look into the incoming directory found, by file name.

    Parameters
    ----------
    accepted
        New contents, now pending, in the order they were read.
    duplicates
        Files whose content had been accepted before under another name or delivery.
    conflicts, quarantined
        Files moved to quarantine: another content for a known subject; unreadable or impossible.
    settling, unavailable
        Files that may still be growing, or could not be opened now (gone, no permission, I/O error);
        seen again next time.
    foreign
        Names that are no files of the source; left alone.
    remaining
        Names left for the next scan because of its limit.
    """

    accepted: list[Arrival] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    quarantined: list[str] = field(default_factory=list)
    settling: list[str] = field(default_factory=list)
    unavailable: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    remaining: int = 0

    @property
    def partitions(self) -> list[str]:
        """Partitions of the accepted files, in order."""
        return sorted({arrival.partition for arrival in self.accepted})


def scan_settled(
    incoming: Path,
    ledger: Ledger,
    source: str,
    describe: Callable[[Path], Delivery],
    belongs: Callable[[str], bool],
    *,
    settle_seconds: float,
    limit: int,
) -> ScanReport:
    """Bring the files of `incoming` that the ledger does not know into it, one by one.

    Safe to repeat and to run twice at once; at most `limit` new files are read, oldest name first.

    Parameters
    ----------
    incoming
        The source's directory; need not exist yet.
    describe
        Reads a file; `BadInput` puts it into quarantine, OSError or `FileUnavailable` leaves it for later.
    belongs
        Whether a name is one of the source's.
    settle_seconds
        A file changed less than this ago may still be growing and is left for later.

    Raises
    ------
    DatabaseUnavailable
        If the ledger cannot be asked; every file stays where it is.
    """
    report = ScanReport()
    names = names_in(incoming, belongs, report, settle_seconds)
    for name in ledger.unknown(source, names)[:limit]:
        path = incoming / name
        with kept_if_unavailable(path, source, report):
            if delivery := described(path, ledger, source, describe, report):
                enter(delivery, ledger, source, report)
    return report


def names_in(
    incoming: Path, belongs: Callable[[str], bool], report: ScanReport, settle_seconds: float | None = None
) -> list[str]:
    """Return the names of the source's files, sorted; note in `report` what else is there.

    Without `settle_seconds` no file is asked when it changed last.
    """
    names = []
    changed_before = None if settle_seconds is None else time.time() - settle_seconds
    try:
        with os.scandir(incoming) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue  # a writer's unfinished part
                if not (belongs(entry.name) and entry.is_file(follow_symlinks=False)):
                    report.foreign.append(entry.name)
                elif changed_before is not None and _changed_after(entry, changed_before):
                    report.settling.append(entry.name)
                else:
                    names.append(entry.name)
    except FileNotFoundError:
        return []
    return sorted(names)


def described(
    path: Path, ledger: Ledger, source: str, describe: Callable[[Path], Delivery], report: ScanReport
) -> Delivery | None:
    """Return what the file is about; None if it had to go to quarantine."""
    try:
        return describe(path)
    except BadInput as error:
        logger.warning("%s file %s quarantined: %s", source, path.name, error)
        ledger.quarantine_arrival(source, path, error)
        report.quarantined.append(path.name)
        return None


def enter(delivery: Delivery, ledger: Ledger, source: str, report: ScanReport) -> None:
    """Accept a file whose name, content or subject may be known."""
    accepted = ledger.accept(source, delivery.path, digest=delivery.digest, **delivery.about)
    if accepted.outcome is Outcome.NEW:
        report.accepted.append(accepted.arrival)
    elif accepted.outcome is Outcome.CONFLICT:
        logger.warning("%s file %s quarantined: another content has its subject", source, delivery.path.name)
        report.conflicts.append(delivery.path.name)
    else:
        report.duplicates.append(delivery.path.name)


@contextmanager
def kept_if_unavailable(path: Path, source: str, report: ScanReport) -> Iterator[None]:
    """Leave a file that cannot be read now for the next scan."""
    try:
        yield
    except (OSError, FileUnavailable) as error:
        logger.warning("%s file %s cannot be opened now: %s", source, path.name, error)
        report.unavailable.append(path.name)


def _changed_after(entry: "os.DirEntry[str]", moment: float) -> bool:
    try:
        return entry.stat(follow_symlinks=False).st_mtime > moment
    except FileNotFoundError:
        return True  # gone since it was listed; if it comes back, the next look sees it
