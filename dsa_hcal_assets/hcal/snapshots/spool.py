"""What waits between acquisition and database, source by source: how much of it, and for how long."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.snapshots.source import SUFFIX
from dsa_hcal_assets.ledger import Ledger

NOTE = ".acquisition.json"
"""What the acquisition that writes into a directory says of itself (`hcal.acquisition.note`)."""
_SETTLED = 2_000_000_000  # ns; a directory that changed later may change again under the same time stamp
_PENDING = """
select count(*), coalesce(sum(bytes), 0)::bigint, min(received_at)
  from platform.arrival where source = %s and state = 'pending'
"""


@dataclass(frozen=True)
class Waiting:
    """Snapshot files that are not loaded yet.

    Parameters
    ----------
    files, size
        Their number, and their size in bytes.
    oldest_seconds
        How long the oldest has been waiting, s; 0 when none waits. A file that has been accepted waits
        since then, any other one since it landed.
    """

    files: int
    size: int
    oldest_seconds: float


class Spool:
    """The files of one source on their way into the database.

    Parameters
    ----------
    directory
        Where they land, named after the source.
    database, ledger
        Who knows which of them are loaded.
    """

    def __init__(self, directory: Path, database: Database, ledger: Ledger) -> None:
        self.directory = directory
        self.source = directory.name
        self._database, self._ledger = database, ledger
        self._all_known_at = -1  # the directory's time stamp when the ledger knew all its files

    def waiting(self, now: datetime) -> Waiting:
        """Return what waits.

        Raises
        ------
        DatabaseUnavailable
            If the ledger cannot be asked: which files are loaded only the database knows.
        """
        files, size, accepted_at = self._database.rows(_PENDING, (self.source,))[0]
        since = [] if accepted_at is None else [accepted_at.timestamp()]
        for name in self._unknown():
            try:
                status = (self.directory / name).stat()
            except OSError:
                continue  # moved to quarantine meanwhile
            files, size = files + 1, size + status.st_size
            since.append(status.st_mtime)
        oldest = max(0.0, now.timestamp() - min(since)) if since else 0.0
        return Waiting(files, size, oldest)

    def _unknown(self) -> list[str]:
        """Return the names the ledger does not know; years of known files are not asked about each time."""
        changed = self.directory.stat().st_mtime_ns
        if changed == self._all_known_at:
            return []
        settled = time.time_ns() - changed > _SETTLED
        unknown = self._ledger.unknown(self.source, _names(self.directory))
        self._all_known_at = changed if settled and not unknown else -1
        return unknown


def sources(incoming: Path) -> Iterator[Path]:
    """Yield the directories below `incoming` with snapshot files or an acquisition, by name."""
    for directory in sorted(incoming.iterdir()) if incoming.is_dir() else ():
        if directory.is_dir() and ((directory / NOTE).exists() or any(_names(directory))):
            yield directory


def _names(directory: Path) -> Iterator[str]:
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.endswith(SUFFIX) and entry.name[0] != ".":
                yield entry.name
