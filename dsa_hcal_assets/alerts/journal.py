"""What could not be entered while the database was away, in a file, until it can be.

Belongs here: keeping alerts and ends of troubles in order, and entering them. Not here: telling people
meanwhile (`raising`).
"""

import fcntl
import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from dsa_hcal_assets.alerts import record
from dsa_hcal_assets.alerts.model import Alert, Severity
from dsa_hcal_assets.database.connection import Database

logger = logging.getLogger(__name__)


class Journal:
    """A file of alerts and ends, shared by the processes of an installation.

    Parameters
    ----------
    path
        The file; made when something is kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, alert: Alert, *, due: Sequence[str], told: Sequence[str]) -> None:
        """Keep an alert that is due to some channels and was told to others; on disk when this returns.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        self._append({"alert": alert.as_json(), "due": list(due), "told": list(told)})

    def keep_end(self, dedup_key: str) -> None:
        """Keep the end of a trouble.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        self._append({"over": dedup_key})

    def enter(self, database: Database) -> int:
        """Enter what was kept, in order; return how much that was.

        One process at a time does it. What was entered before a kill is known by its time and words, so it is
        not entered twice.

        Raises
        ------
        DatabaseUnavailable, psycopg2.Error
            If the database does not take it; it is still kept.
        """
        if not self._path.exists() or self._path.stat().st_size == 0:
            return 0
        with self._locked("r+b", fcntl.LOCK_EX | fcntl.LOCK_NB) as file:
            if file is None:
                return 0
            lines = [line for line in file.read().splitlines() if line]
            for line in lines:
                _enter(database, line)
            file.truncate(0)
        logger.warning("%d lines of the time without the database are on record now", len(lines))
        return len(lines)

    def _append(self, entry: dict[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked("ab", fcntl.LOCK_EX) as file:
            if file is not None:
                # a line that a kill cut short ends here
                file.write(b"\n" + json.dumps(entry, default=str).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())

    @contextmanager
    def _locked(self, mode: str, how: int) -> Iterator[BinaryIO | None]:
        """Give the file, or None if it is not to be waited for and another process has it."""
        with self._path.open(mode) as file:
            try:
                fcntl.flock(file, how)
            except BlockingIOError:
                yield None
            else:
                yield file  # type: ignore[misc]  # of a binary mode


def _enter(database: Database, line: bytes) -> None:
    try:
        entry = json.loads(line)
    except ValueError:
        logger.error("a line of the alerts' journal was cut short: %r", line)
        return
    if "over" in entry:
        record.resolve(database, entry["over"])
        return
    alert = _alert(entry["alert"])
    if not record.is_entered(database, alert):
        record.insert(database, alert, entry["due"], told=entry["told"])


def _alert(values: dict[str, Any]) -> Alert:
    return Alert(
        **{
            **values,
            "severity": Severity(values["severity"]),
            "dedup_key": values["dedup_key"] or "",
            "raised_at": datetime.fromisoformat(values["raised_at"]),
        }
    )
