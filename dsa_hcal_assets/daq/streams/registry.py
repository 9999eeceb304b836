"""Which readers a stream has, and how far the slowest has come."""

import os
from dataclasses import dataclass
from pathlib import Path

from dsa_hcal_assets.daq.streams.bell import BellPull
from dsa_hcal_assets.daq.streams.cursor_file import (
    SUFFIX,
    CursorFile,
    Reached,
    bell_path,
    create_cursor,
    cursor_path,
)
from dsa_hcal_assets.daq.streams.epoch_reader import oldest_kept
from dsa_hcal_assets.daq.streams.files import StreamFiles

EVERYTHING = Reached(2**64 - 1, 2**64 - 1, 0)
"""The place of a reader that needs nothing."""


def register(files: StreamFiles, name: str) -> Path:
    """Give the reader `name` a cursor unless it has one; return its file.

    A new reader begins with the oldest message that is still kept. Call it while the stream is locked.
    """
    path = cursor_path(files.readers, name)
    if not path.exists():
        files.readers.mkdir(parents=True, exist_ok=True)
        create_cursor(path, name, oldest_kept(files))
    return path


def cursors(files: StreamFiles) -> list[CursorFile]:
    """Return the cursors of all registered readers, by file name."""
    return [CursorFile(files.readers / name) for name in _cursor_names(files)]


def slowest(cursors: list[CursorFile]) -> Reached:
    """Return the least place of all; everything is dealt with where nobody reads."""
    return min((cursor.reached for cursor in cursors), default=EVERYTHING)


@dataclass(frozen=True)
class _Reader:
    cursor: CursorFile
    bell: BellPull


class Registry:
    """The writer's view of its readers, kept mapped."""

    def __init__(self, files: StreamFiles) -> None:
        self._files = files
        self._readers: dict[str, _Reader] = {}
        self.refresh()

    def refresh(self) -> None:
        """Take in readers that have come and leave out those that have gone."""
        self._readers = {name: self._reader(name) for name in _cursor_names(self._files)}

    def slowest(self) -> tuple[Reached, CursorFile | None]:
        """Return the least place that any reader has reached, and its cursor; None if nobody reads.

        Each cursor is read once. A second look at the chosen one may find it further on than another that
        has become the slowest meanwhile, and what that one still needs would be given up.
        """
        places = ((reader.cursor.reached, reader.cursor) for reader in self._readers.values())
        return min(places, key=lambda place: place[0], default=(EVERYTHING, None))

    def anyone_waits(self) -> bool:
        """Whether a reader sleeps and wants to be told."""
        return any(reader.cursor.waiting for reader in self._readers.values())

    def wake(self) -> None:
        """Wake the readers that sleep."""
        for reader in self._readers.values():
            if reader.cursor.waiting:
                reader.bell.ring()

    def _reader(self, name: str) -> _Reader:
        known = self._readers.get(name)
        if known is not None and not known.cursor.retired:
            return known
        path = self._files.readers / name
        return _Reader(CursorFile(path), BellPull(bell_path(path)))


def _cursor_names(files: StreamFiles) -> list[str]:
    try:
        names = [entry.name for entry in os.scandir(files.readers)]
    except FileNotFoundError:
        return []
    return sorted(name for name in names if name.endswith(SUFFIX))
