"""Which files of a directory are finished and have not been announced yet, through restarts.

A file is finished when neither its size nor its time of change has moved for a while. What was announced
is kept in SQLite beside it: a file whose content changes later is announced again, one that stays is not.
"""

import sqlite3
import stat
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from dsa_hcal_assets.errors import ConfigurationError

_UNFINISHED = (".*", "*.part", "*.tmp", "*~")


@dataclass(frozen=True)
class FileVersion:
    """A file at one moment.

    Attributes
    ----------
    path
        Relative to the watched directory, with `/`.
    size
        Bytes.
    modified_ns
        Time of the last change, UTC, nanoseconds since 1970.
    """

    path: str
    size: int
    modified_ns: int


class FinishedFiles:
    """Follows a directory tree.

    Parameters
    ----------
    directory
        Root of the tree; must exist.
    patterns
        Names to announce, as `*.h5`. Hidden files and `*.part`, `*.tmp`, `*~` are never announced.
    settle_seconds
        How long a file must not have changed.
    record
        SQLite file that remembers what was announced.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        directory: Path,
        patterns: Iterable[str],
        settle_seconds: float,
        record: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not directory.is_dir():
            raise ConfigurationError(
                f"{directory} cannot be watched",
                expected="a directory",
                remedy="create it, or correct the path",
            )
        self._directory, self._patterns, self._settle = directory, tuple(patterns), settle_seconds
        self._clock = clock
        self._record = sqlite3.connect(record, isolation_level=None)
        self._record.execute("pragma journal_mode = wal")
        self._record.execute("pragma synchronous = full")
        self._record.execute(
            "create table if not exists announced "
            "(path text primary key, size integer not null, modified_ns integer not null)"
        )
        self._changing: dict[str, tuple[FileVersion, float]] = {}

    def scan(self) -> None:
        """Look at every file of the tree, and forget those announced that are gone."""
        present = {path.relative_to(self._directory).as_posix() for path in self._directory.rglob("*")}
        gone = [
            (path,) for (path,) in self._record.execute("select path from announced") if path not in present
        ]
        with self._record:
            self._record.executemany("delete from announced where path = ?", gone)
        for path in present:
            self._look(path)

    def touched(self, path: Path) -> None:
        """Say that `path`, absolute or relative to the working directory, has changed in some way.

        Of a directory everything in it: what came into a new one before it was watched told nobody.
        """
        root = self._directory.absolute()
        inside = path.rglob("*") if path.is_dir() and not path.is_symlink() else ()
        for one in (path, *inside):
            if one.absolute().is_relative_to(root):
                self._look(one.absolute().relative_to(root).as_posix())

    def finished(self) -> list[FileVersion]:
        """Return the files that have settled and are not announced, oldest change first."""
        for path in list(self._changing):
            self._look(path)
        now = self._clock()
        settled = [version for version, since in self._changing.values() if now - since >= self._settle]
        return sorted(settled, key=lambda version: (version.modified_ns, version.path))

    def announced(self, version: FileVersion) -> None:
        """Remember durably that this version was announced."""
        self._record.execute(
            "insert or replace into announced values (?, ?, ?)",
            (version.path, version.size, version.modified_ns),
        )
        if (known := self._changing.get(version.path)) and known[0] == version:
            del self._changing[version.path]

    def close(self) -> None:
        """Close the record."""
        self._record.close()

    def _look(self, path: str) -> None:
        version = self._version(path)
        if version is None or self._is_announced(version):
            self._changing.pop(path, None)
        elif path not in self._changing or self._changing[path][0] != version:
            self._changing[path] = (version, self._clock())

    def _version(self, path: str) -> FileVersion | None:
        name = path.rpartition("/")[2]
        hidden = any(part.startswith(".") for part in path.split("/"))
        if hidden or not _matches(name, self._patterns) or _matches(name, _UNFINISHED):
            return None
        try:
            found = (self._directory / path).lstat()
        except OSError:
            return None
        # lstat: a link may lead out of the tree, a FIFO would block who opens it
        if not stat.S_ISREG(found.st_mode):
            return None
        return FileVersion(path, found.st_size, found.st_mtime_ns)

    def _is_announced(self, version: FileVersion) -> bool:
        row = self._record.execute(
            "select size, modified_ns from announced where path = ?", (version.path,)
        ).fetchone()
        return bool(row == (version.size, version.modified_ns))


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)
