"""From the incoming directory into the ledger, and which days that makes due.

Belongs here: what happens between a file landing in ``incoming/rig`` and its row in the ledger.
Not here: writing files (acquisition) and their rows in the database (loading).

One file is one row of the ledger. Its partition is the UTC day of its first time stamp; its subject
is that stamp, so a second file that starts at the same time with other content is a conflict. A
file may hold rows of several days: loading gives each row to its own day, and `due_days` names
every day that has rows newer than its last cleaning.
"""

import logging
import os
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from dsa_hcal_assets.clock import day_key, utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.ledger import Arrival, Ledger, Outcome
from dsa_hcal_assets.ledger.model import FileUnavailable
from dsa_hcal_assets.rig import SOURCE

SUFFIX = ".csv"

logger = logging.getLogger(__name__)

_DUE = """
select file_day.day::text, max(file_day.arrival_id)
  from rig.file_day
  left join rig.cleaned_day using (day)
 group by file_day.day, cleaned_day.through_arrival
having max(file_day.arrival_id) > coalesce(cleaned_day.through_arrival, 0)
"""


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
        Files moved to quarantine: other content for a known start; unreadable or impossible.
    settling
        Files that changed less than the settle time ago; seen again next time.
    unavailable
        Files that could not be opened now; seen again next time.
    foreign
        Names that are no CSV files; left alone.
    """

    accepted: list[Arrival] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    quarantined: list[str] = field(default_factory=list)
    settling: list[str] = field(default_factory=list)
    unavailable: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    @property
    def partitions(self) -> list[str]:
        """Partitions of the accepted files; `due_days` also names the other days they reach into."""
        return sorted({arrival.partition for arrival in self.accepted})


@dataclass(frozen=True)
class Due:
    """A day whose assets should be made, and a key that changes exactly when new data arrived."""

    day: str
    key: str


def scan(
    incoming: Path,
    ledger: Ledger,
    settle_seconds: float,
    *,
    limit: int = 500,
    now: datetime | None = None,
) -> ScanReport:
    """Bring the files of `incoming` that the ledger does not know into it.

    Safe to repeat and to run twice at once; at most `limit` new files are read, oldest name first.

    Parameters
    ----------
    incoming
        The rig's directory (``<incoming>/rig``); need not exist yet.
    settle_seconds
        A file changed less than this ago may still be growing and is left for later.

    Raises
    ------
    DatabaseUnavailable
        If the ledger cannot be asked; every file stays where it is.
    """
    report = ScanReport()
    names = _names(incoming, settle_seconds, report)
    for name in ledger.unknown(SOURCE, names)[:limit]:
        _accept(incoming / name, ledger, report, now or utc_now())
    return report


def due_days(database: Database, ledger: Ledger) -> list[Due]:
    """Return the days that have rows, pending or loaded, newer than their last cleaning, in order.

    It depends on the ledger and the tables alone, so a sensor that died between accepting files and
    starting runs finds the same days again.
    """
    newest = {
        arrival.partition: arrival.arrival_id for arrival in ledger.pending(SOURCE) if arrival.partition
    }
    for day, arrival_id in database.rows(_DUE):
        newest[day] = max(arrival_id, newest.get(day, 0))
    return [Due(day, f"{day}:{newest[day]}") for day in sorted(newest)]


def _names(incoming: Path, settle_seconds: float, report: ScanReport) -> list[str]:
    names = []
    changed_before = time.time() - settle_seconds
    try:
        entries = list(os.scandir(incoming))
    except FileNotFoundError:
        return []
    for entry in entries:
        if entry.name.startswith("."):
            continue  # a writer's unfinished part
        if not (entry.name.endswith(SUFFIX) and entry.is_file(follow_symlinks=False)):
            report.foreign.append(entry.name)
        elif _changed_after(entry, changed_before):
            report.settling.append(entry.name)
        else:
            names.append(entry.name)
    return sorted(names)


def _changed_after(entry: "os.DirEntry[str]", moment: float) -> bool:
    try:
        return entry.stat(follow_symlinks=False).st_mtime > moment
    except FileNotFoundError:
        return True  # gone since it was listed; if it comes back, the next look sees it


def _accept(path: Path, ledger: Ledger, report: ScanReport, now: datetime) -> None:
    from dsa_hcal_assets.rig.readings import RigFileUnavailable, read_file

    try:
        raw = read_file(path, now=now)
        accepted = ledger.accept(
            SOURCE,
            path,
            subject=raw.first.isoformat(),
            partition=day_key(raw.first),
            digest=raw.digest,
            sample_time=raw.first,
        )
    except BadInput as error:
        logger.warning("rig file quarantined: %s", error)
        ledger.quarantine_arrival(SOURCE, path, error)
        report.quarantined.append(path.name)
        return
    except (RigFileUnavailable, FileUnavailable) as error:
        logger.warning("rig file left for later: %s", error)
        report.unavailable.append(path.name)
        return
    match accepted.outcome:
        case Outcome.NEW:
            report.accepted.append(accepted.arrival)
        case Outcome.DUPLICATE:
            report.duplicates.append(path.name)
        case _:
            report.conflicts.append(path.name)
