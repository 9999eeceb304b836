"""How far one reader has come: a small mapped file on disk, which outlives the reader and the machine.

Words of 8 bytes, written by the reader alone:

    0   magic        1   which of the two places below counts
    2-4 place 0: epoch and sequence up to which everything is dealt with, messages lost until there
    5-7 place 1: the same
    8   1 while the reader sleeps and wants to be told
    9   1 after the reader was retired (the one word that others write)
    byte 128: the reader's name, UTF-8, zeros behind it
"""

import uuid
from pathlib import Path
from typing import NamedTuple

from dsa_hcal_assets.daq.identity import safe_name
from dsa_hcal_assets.daq.streams.mapping import PAGE, map_file

MAGIC = int.from_bytes(b"DHMCURS1", "little")
SUFFIX = ".cursor"
_WHICH, _FIRST_PLACE, _WAITING, _RETIRED = 1, 2, 8, 9
_NAME_AT = 128


class Reached(NamedTuple):
    """A reader's place: all up to (epoch, sequence) is dealt with, and `lost` messages were missed."""

    epoch: int
    sequence: int
    lost: int


class CursorFile:
    """A mapped cursor."""

    def __init__(self, path: Path, *, writable: bool = False) -> None:
        self.path = path
        content = map_file(path, writable=writable)
        self._words = content.cast("Q")
        self.name = bytes(content[_NAME_AT:]).rstrip(b"\0").decode(errors="replace")

    @property
    def reached(self) -> Reached:
        """The reader's place."""
        while (seen := self._read()) != self._read():
            pass
        return seen

    def move(self, reached: Reached) -> None:
        """Set the place: written beside the old one, and made valid by one store."""
        other = 1 - self._words[_WHICH]
        at = _FIRST_PLACE + 3 * other
        self._words[at], self._words[at + 1], self._words[at + 2] = reached
        self._words[_WHICH] = other

    def _read(self) -> Reached:
        at = _FIRST_PLACE + 3 * self._words[_WHICH]
        return Reached(*self._words[at : at + 3])

    @property
    def waiting(self) -> bool:
        """Whether the reader sleeps."""
        return bool(self._words[_WAITING])

    @waiting.setter
    def waiting(self, sleeps: bool) -> None:
        self._words[_WAITING] = sleeps

    @property
    def retired(self) -> bool:
        """Whether the reader was taken out of the configuration."""
        return bool(self._words[_RETIRED])

    def retire(self) -> None:
        """Remove the cursor; a reader that still has it mapped is told."""
        self._words[_RETIRED] = 1
        self.path.unlink(missing_ok=True)
        bell_path(self.path).unlink(missing_ok=True)


def cursor_path(readers: Path, name: str) -> Path:
    """Return the file of the cursor of the reader `name`."""
    return readers / f"{safe_name(name)}{SUFFIX}"


def bell_path(cursor: Path) -> Path:
    """Return the named pipe that wakes the reader of `cursor`."""
    return cursor.with_suffix(".bell")


def create_cursor(path: Path, name: str, reached: Reached) -> None:
    """Make a cursor, whole under its name or not at all."""
    content = bytearray(PAGE)
    words = memoryview(content).cast("Q")
    words[0], words[_FIRST_PLACE], words[_FIRST_PLACE + 1], words[_FIRST_PLACE + 2] = MAGIC, *reached
    encoded = name.encode()[: PAGE - _NAME_AT]
    content[_NAME_AT : _NAME_AT + len(encoded)] = encoded
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    part.write_bytes(content)
    part.replace(path)
