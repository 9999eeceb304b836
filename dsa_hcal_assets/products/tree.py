"""A directory of files as one thing: its checksum, its seal, its way to the disk.

casacore's ``table.lock`` files are no content: readers rewrite them. They count neither in the
checksum nor in the size, and a table opens without them or with read-only ones (tried with
python-casacore 3.8.1 and casatools 6.7, as owner and as another user).
"""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dsa_hcal_assets.errors import PermanentError

MANIFEST = "manifest.json"
LOCK_FILE = "table.lock"
_THREADS = 2  # hashlib and read release the interpreter lock; more does not help one disk


class NotPublishable(PermanentError):
    """A staged directory holds something a product cannot consist of."""


@dataclass(frozen=True)
class Entry:
    """One file: path relative to the product, size in bytes, SHA-256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Contents:
    """All files of a product, sorted by path; `checksum` is a SHA-256 over them."""

    entries: tuple[Entry, ...]

    @property
    def bytes(self) -> int:
        """Sum of all sizes."""
        return sum(entry.size for entry in self.entries)

    @property
    def checksum(self) -> str:
        """SHA-256 over the sorted (path, size, SHA-256) of the files."""
        total = hashlib.sha256()
        for entry in self.entries:
            # NUL cannot occur in a path, so no two trees give the same bytes.
            total.update(f"{entry.path}\0{entry.size}\0{entry.sha256}\n".encode("utf-8", "surrogateescape"))
        return total.hexdigest()


def survey(root: Path) -> Contents:
    """Read every file below `root` and return what is there.

    Raises
    ------
    NotPublishable
        If there is a symbolic link, a device, a FIFO or a socket, or no file at all.
    """
    paths = [path for path in files(root) if _is_content(path, root)]
    if not paths:
        raise NotPublishable(
            f"{root} holds no file", expected="at least one", remedy="write into Staged.path"
        )
    with ThreadPoolExecutor(_THREADS) as pool:
        entries = list(pool.map(lambda path: _entry(path, root), paths))
    return Contents(tuple(sorted(entries, key=lambda entry: entry.path)))


def files(root: Path) -> Iterator[Path]:
    """Yield every regular file below `root`.

    Raises
    ------
    NotPublishable
        At anything that is neither a regular file nor a directory.
    """
    for item in os.scandir(root):
        mode = item.stat(follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            yield from files(Path(item.path))
        elif stat.S_ISREG(mode):
            yield Path(item.path)
        else:
            raise NotPublishable(
                f"{item.path} is neither a file nor a directory",
                found="a symbolic link" if item.is_symlink() else "a special file",
                remedy="a product must stand on its own: copy what a link points to",
            )


def seal(root: Path) -> None:
    """Make the files read-only, and flush files and directories to the disk.

    Directories stay writable by their owner: casacore puts its ``table.lock`` there, and retention
    must be able to remove a version.
    """
    for path in files(root):
        path.chmod(0o444)
    flush_all(root)


def flush_all(root: Path) -> None:
    """Flush a directory with every file and directory in it to the disk."""
    for directory, _, names in os.walk(root, topdown=False):
        for name in names:
            flush(Path(directory, name))
        flush(Path(directory))


def flush(path: Path) -> None:
    """Flush one file or directory to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_durable_dir(directory: Path, root: Path) -> None:
    """Make `directory` below `root`, each new level flushed into its parent."""
    missing = [
        place
        for place in (directory, *directory.parents)
        if place.is_relative_to(root) and not place.is_dir()
    ]
    for place in reversed(missing):
        place.mkdir(parents=True, exist_ok=True)
        flush(place.parent)


def remove(root: Path) -> None:
    """Remove a tree, also one in which a tool has left directories read-only."""
    for directory, _, _ in os.walk(root):
        Path(directory).chmod(0o700)
    shutil.rmtree(root)


def _is_content(path: Path, root: Path) -> bool:
    return path.name != LOCK_FILE and not (path.name == MANIFEST and path.parent == root)


def _entry(path: Path, root: Path) -> Entry:
    # O_NOFOLLOW: a file swapped for a link since the scan must not lead elsewhere.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return Entry(str(path.relative_to(root)), os.fstat(file.fileno()).st_size, digest.hexdigest())
