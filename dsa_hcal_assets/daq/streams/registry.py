"""Which readers a stream has, and how far the slowest has come."""

import os
from pathlib import Path

from dsa_hcal_assets.daq.streams.cursor_file import (
    SUFFIX,
    CursorFile,
    Reached,
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


class Registry:
    """The writer's view of its readers, kept mapped."""

    def __init__(self, files: StreamFiles) -> None:
        self._files = files
        self._cursors: dict[str, CursorFile] = {}
        self.refresh()

    def refresh(self) -> None:
        """Take in readers that have come and leave out those that have gone."""
        names = _cursor_names(self._files)
        self._cursors = {name: self._known(name) or CursorFile(self._files.readers / name) for name in names}

    def slowest(self) -> CursorFile | None:
        """Return the cursor that has come least far, None if nobody reads."""
        return min(self._cursors.values(), key=lambda cursor: cursor.reached, default=None)

    def anyone_waits(self) -> bool:
        """Whether a reader sleeps and wants to be told."""
        return any(cursor.waiting for cursor in self._cursors.values())

    def _known(self, name: str) -> CursorFile | None:
        cursor = self._cursors.get(name)
        return None if cursor is None or cursor.retired else cursor


def _cursor_names(files: StreamFiles) -> list[str]:
    try:
        names = [entry.name for entry in os.scandir(files.readers)]
    except FileNotFoundError:
        return []
    return sorted(name for name in names if name.endswith(SUFFIX))
