"""Files of strangers: looked at without following links or blocking, moved without losing a byte."""

import errno
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

from dsa_hcal_assets.ledger.model import FileUnavailable, Form, NotAFile

_NAME_BYTES = 255  # NAME_MAX of all usual filesystems
# link(2) is not possible: another filesystem, no hard links there, or a file of another user.
_NO_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS})


@dataclass(frozen=True)
class Identity:
    """Size in bytes, SHA-256 (or the digest the source defines) and form of a content."""

    bytes: int
    digest: str
    form: Form = Form.FILE


def identify(path: Path, digest: str | None = None) -> Identity:
    """Return size and digest of the regular file `path`; with a `digest` given it is not read.

    Raises
    ------
    NotAFile
        If it is a link, directory, FIFO, socket or device, or its name cannot be stored.
    FileUnavailable
        If it is gone or must not be read.
    """
    with _opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if digest is None:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Identity(size, digest)


def exists(path: Path) -> bool:
    """Tell whether anything has this name, also a link to nowhere."""
    return os.path.lexists(path)


def same_content(one: Path, other: Path) -> bool:
    """Tell whether two regular files are the same file or hold the same bytes."""
    if one.stat().st_size != other.stat().st_size:
        return False
    return one.samefile(other) or identify(one) == identify(other)


def move(source: Path, target: Path, checkpoint: Callable[[str], None]) -> bool:
    """Move a file to `target`, which it never overwrites; return False if it is nowhere.

    May be repeated after a crash at any point: the bytes are always complete under at least one
    of the two names, and afterwards under `target` alone.

    Raises
    ------
    FileExistsError
        If `target` holds something else.
    FileUnavailable
        If a directory or disk refuses; the file is then still complete where it was.
    """
    if not exists(source):
        return exists(target)
    with explained(source):
        if not exists(target):
            _require_regular(source)
            _link_or_copy(source, target)
            checkpoint("linked")
        elif not same_content(source, target):
            raise FileExistsError(errno.EEXIST, "holds something else", str(target))
        flush(target.parent)
        source.unlink()
        flush(source.parent)
    checkpoint("moved")
    return True


def make_directory(directory: Path) -> None:
    """Make a directory and its parents, each new one flushed to the disk.

    Raises
    ------
    FileUnavailable
        If something else is in the way, or the disk refuses.
    """
    with explained(directory):
        for place in (*reversed(directory.parents), directory):
            if not place.exists():
                place.mkdir(exist_ok=True)
                flush(place.parent)


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write `record` as JSON, complete or not at all, flushed to the disk."""
    staged = path.with_name(f".{path.name[-200:]}.partial")
    with explained(path):
        with staged.open("w", encoding="utf-8") as file:
            json.dump(record, file, indent=1, default=str)
            file.flush()
            os.fsync(file.fileno())
        staged.rename(path)
        flush(path.parent)


def flush(directory: Path) -> None:
    """Flush a directory's entries to the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fitting(name: str, suffix: str) -> str:
    """Return ``name + suffix``, with `name` cut where the result would be too long for a file."""
    room = _NAME_BYTES - len(suffix.encode())
    return name.encode()[:room].decode(errors="ignore") + suffix


def storable(name: str) -> bool:
    """Tell whether a name can be written into the database and shown to people."""
    return name.isprintable() and bool(name) and "/" not in name


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
        return
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
    # Only the mover of this arrival writes here (it holds the row's lock), so a rest may be replaced.
    partial = target.with_name(fitting(f".{target.name}", ".partial"))
    with _opened(source) as incoming, partial.open("wb") as copy:
        shutil.copyfileobj(incoming, copy, 1 << 20)
        copy.flush()
        os.fsync(copy.fileno())
        before = os.fstat(incoming.fileno())
    os.utime(partial, ns=(before.st_atime_ns, before.st_mtime_ns))
    try:
        os.link(partial, target)
        partial.unlink()
    except OSError as error:
        if error.errno not in _NO_LINK or exists(target):
            raise
        partial.rename(target)


def _require_regular(path: Path) -> None:
    mode = path.lstat().st_mode
    if not stat.S_ISREG(mode):
        found = (
            "a symbolic link"
            if stat.S_ISLNK(mode)
            else "a directory"
            if stat.S_ISDIR(mode)
            else "a special file"
        )
        raise NotAFile(
            f"{path} is not a regular file",
            found=found,
            kept="left in place and not read",
            remedy="remove it, or deliver the file itself",
        )


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    if not storable(path.name):
        raise NotAFile(
            f"{path.name!r} cannot be a data file's name",
            found="unprintable characters",
            kept="left in place and not read",
            remedy="rename it",
        )
    with explained(path):
        _require_regular(path)
        # The name may have been given to a link or FIFO since: neither followed nor waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NotAFile(f"{path} is not a regular file", kept="left in place and not read")
            yield file


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the system refuses within the block into a `FileUnavailable` about `path`."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        raise FileUnavailable(
            f"{path}: {error.strerror}",
            found=str(error.filename2 or error.filename or path),
            kept="left where it was",
            remedy="check that the file is still there, its permissions and the disk's free space",
        ) from error
