"""What waits between acquisition and database, source by source: how much of it, and for how long."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.snapshots.source import SUFFIX
from dsa_hcal_assets.ledger import Ledger

NOTE = ".acquisition.json"
"""What the acquisition that writes into a directory says of itself (`hcal.acquisition.note`)."""
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


def sources(incoming: Path) -> Iterator[Path]:
    """Yield the directories below `incoming` with snapshot files or an acquisition, by name."""
    for directory in sorted(incoming.iterdir()) if incoming.is_dir() else ():
        if directory.is_dir() and ((directory / NOTE).exists() or _names(directory)):
            yield directory


def waiting(directory: Path, database: Database, ledger: Ledger, now: datetime) -> Waiting:
    """Return what waits of the source that `directory` is named after.

    Raises
    ------
    DatabaseUnavailable
        If the ledger cannot be asked: which files are loaded only the database knows.
    """
    source = directory.name
    files, size, accepted_at = database.rows(_PENDING, (source,))[0]
    since = [] if accepted_at is None else [accepted_at.timestamp()]
    for name in ledger.unknown(source, _names(directory)):
        try:
            status = (directory / name).stat()
        except OSError:
            continue  # moved to quarantine meanwhile
        files, size = files + 1, size + status.st_size
        since.append(status.st_mtime)
    oldest = max(0.0, now.timestamp() - min(since)) if since else 0.0
    return Waiting(files, size, oldest)


def _names(directory: Path) -> list[str]:
    with os.scandir(directory) as entries:
        return [entry.name for entry in entries if entry.name.endswith(SUFFIX) and entry.name[0] != "."]
