"""Directory trees that are one content: identified without reading every byte, moved as a whole.

A Measurement Set is some seventy files of which a few hold gigabytes. Its identity is therefore
taken from every file's path and size and from its beginning and end, which is where tables keep
their description and what writers touch last; every byte is hashed when a product is made of it.
"""

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dsa_hcal_assets.ledger import files
from dsa_hcal_assets.ledger.files import Identity, exists
from dsa_hcal_assets.ledger.model import Form, NotAFile

# casacore rewrites its lock files when a table is only read: they are no content.
LOCK_FILE = "table.lock"
ENDS_BYTES = 65536


@dataclass(frozen=True)
class TreeFile:
    """One regular file of a tree: path relative to it, size in bytes, time of last change in ns."""

    path: str
    size: int
    changed_ns: int


def survey(root: Path) -> list[TreeFile]:
    """Return the regular files below `root` by path, without lock files.

    Raises
    ------
    NotAFile
        If `root` is no directory, or something in it is a link or a special file: a content stands
        on its own.
    FileUnavailable
        If something vanished or cannot be read.
    """
    with files.explained(root):
        if not stat.S_ISDIR(root.lstat().st_mode):
            raise NotAFile(f"{root} is not a directory", kept="left in place and not read")
        return sorted(_walk(root, ""), key=lambda one: one.path)


def identify(root: Path) -> Identity:
    """Return size and identity of a tree: SHA-256 over paths, sizes and both ends of each file.

    Neither the tree's own name nor any time counts, so a copy has the identity of its original.

    Raises
    ------
    NotAFile, FileUnavailable
        As `survey`.
    """
    found = survey(root)
    total = hashlib.sha256()
    with files.explained(root):
        for one in found:
            total.update(f"{one.path}\0{one.size}\0".encode("utf-8", "surrogateescape"))
            for end in _ends(root / one.path, one.size):
                total.update(hashlib.sha256(end).digest())
    return Identity(sum(one.size for one in found), total.hexdigest(), Form.TREE)


def same_content(one: Path, other: Path) -> bool:
    """Tell whether two trees are the same directory or have the same identity."""
    return one.samefile(other) or identify(one) == identify(other)


def move(source: Path, target: Path, checkpoint: Callable[[str], None]) -> bool:
    """Move a tree to `target`, which it never overwrites; return False if it is nowhere.

    May be repeated after a crash at any point: the tree is always whole under at least one of the
    two names, and afterwards under `target` alone.

    Raises
    ------
    FileExistsError
        If `target` holds something else.
    NotAFile
        If `source` is no directory.
    FileUnavailable
        If a directory or disk refuses; the tree is then still whole where it was.
    """
    if not exists(source):
        return exists(target)
    with files.explained(source):
        if not stat.S_ISDIR(source.lstat().st_mode):
            raise NotAFile(f"{source} is not a directory", kept="left in place and not read")
        if exists(target):
            if not same_content(source, target):
                raise FileExistsError(errno.EEXIST, "holds something else", str(target))
            _remove(source)
        elif not _renamed(source, target):
            _copy(source, target)
            checkpoint("copied")
            _remove(source)
        files.flush(target.parent)
        files.flush(source.parent)
    checkpoint("moved")
    return True


def _walk(directory: Path, prefix: str) -> Iterator[TreeFile]:
    with os.scandir(directory) as entries:
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            path = f"{prefix}{entry.name}"
            if stat.S_ISDIR(status.st_mode):
                yield from _walk(Path(entry.path), f"{path}/")
            elif not stat.S_ISREG(status.st_mode):
                raise NotAFile(
                    f"{entry.path} is neither a file nor a directory",
                    found="a symbolic link" if entry.is_symlink() else "a special file",
                    kept="left in place and not read",
                    remedy="deliver a copy that stands on its own (cp -RL, rsync -L)",
                )
            elif entry.name != LOCK_FILE:
                # the inode's change time too: a file put back with its old time of writing is new
                yield TreeFile(path, status.st_size, max(status.st_mtime_ns, status.st_ctime_ns))


def _ends(path: Path, size: int) -> Iterator[bytes]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        yield file.read(ENDS_BYTES)
        file.seek(max(0, size - ENDS_BYTES))
        yield file.read(ENDS_BYTES)


def _renamed(source: Path, target: Path) -> bool:
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    # Only the mover of this arrival writes here (it holds the row's lock), so a rest may be replaced.
    partial = target.with_name(files.fitting(f".{target.name}", ".partial"))
    if exists(partial):
        shutil.rmtree(partial)
    shutil.copytree(source, partial, symlinks=True)
    for directory, _, names in os.walk(partial, topdown=False):
        for name in names:
            _flush_file(Path(directory, name))
        files.flush(Path(directory))
    partial.rename(target)
    files.flush(target.parent)


def _flush_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(source: Path) -> None:
    # First out of its name: a tree half removed must not be taken for one just arriving.
    leaving = source.with_name(files.fitting(f".{source.name}", ".leaving"))
    if exists(leaving):
        shutil.rmtree(leaving)
    source.rename(leaving)
    shutil.rmtree(leaving)
