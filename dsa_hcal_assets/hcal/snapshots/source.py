"""A source of snapshots: what its cycles are called, and how their files are written and read.

Each source has its own files in ``incoming/<name>``, its own rows in the ledger and its own tables.
Everything between a file landing and its rows (ingest, loading, due days) is one code for all.
"""

from collections.abc import Callable
from dataclasses import Field, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.daq.durable_file import make_directory, write_durably
from dsa_hcal_assets.hcal.snapshots import block_file

SUFFIX = ".snap"


class Cycle(Protocol):
    """What one acquisition cycle of any source is: a dataclass with these."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def cycle(self) -> datetime:
        """Aware UTC start of the cycle: the snapshot's identity."""

    @property
    def sequence(self) -> int:
        """Counts the snapshots of one acquisition process from 0; a gap means a snapshot was lost."""

    @property
    def acquisition_id(self) -> str:
        """Identifies the acquisition process that took it."""

    @property
    def run_number(self) -> int:
        """Number of the data-taking run, -1 where unknown."""


S = TypeVar("S", bound=Cycle)


@dataclass(frozen=True)
class SnapshotSource(Generic[S]):
    """A source of snapshots.

    Parameters
    ----------
    name
        Of the source in the ledger, of its directory below ``incoming`` and of its files.
    encode
        Returns the bytes of a snapshot's file.
    read
        Reads such a file; raises `block_file.SnapshotUnreadable`, or OSError if it cannot be opened.
    formats
        Of `block_file`s that `read` reads, as ``dsa-hcal-snapshot/1``.
    """

    name: str
    encode: Callable[[S], bytes]
    read: Callable[[Path], S]
    formats: tuple[str, ...]

    def file_name(self, cycle: datetime) -> str:
        """Return the file name of the snapshot that started at `cycle`; names sort by time."""
        return f"{self.name}_{require_utc(cycle):%Y%m%dT%H%M%S.%fZ}{SUFFIX}"

    def look(self, path: Path) -> block_file.Look:
        """Verify a file, its boards' content apart; return its cycle and digest; raises as `read`."""
        return block_file.look(path, *self.formats)

    def write(self, directory: Path, snapshot: S) -> Path:
        """Write `snapshot` durably into `directory` (created if needed); return its path.

        Raises
        ------
        InputConflict
            If another snapshot of the same cycle is there.
        DiskFull, WriteFailed
            If the operating system refuses; nothing is left under the final name.
        """
        return self.place(directory, snapshot.cycle, self.encode(snapshot))

    def place(self, directory: Path, cycle: datetime, content: bytes) -> Path:
        """Write the encoded snapshot of `cycle` like `write`."""
        make_directory(directory)
        path = directory / self.file_name(cycle)
        write_durably(path, content)
        return path


Parts = tuple[dict[str, Any], list[dict[str, Any]]]
"""Header and blocks of a snapshot file, as JSON values."""


def block_source(
    name: str,
    formats: tuple[str, ...],
    parts: Callable[[S], Parts],
    build: Callable[[dict[str, Any], list[dict[str, Any]]], S],
) -> SnapshotSource[S]:
    """Return the source whose snapshots are `block_file` files.

    Parameters
    ----------
    formats
        The one that is written, and older ones that are read too.
    parts
        Returns what goes into the file of a snapshot.
    build
        Makes the snapshot of it; what is missing or wrong there makes the file `SnapshotMalformed`.
    """

    def encode(snapshot: S) -> bytes:
        return block_file.encode_blocks(formats[0], *parts(snapshot))

    def read(path: Path) -> S:
        header, blocks = block_file.read_blocks(path, *formats)
        with block_file.building_from(path):
            return build(header, blocks)

    return SnapshotSource(name, encode, read, formats)
