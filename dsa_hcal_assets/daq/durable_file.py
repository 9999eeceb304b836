"""Write a file that is either complete under its final name or not there at all.

The bytes go to a hidden file beside the target, are fsynced, renamed, and the directory is fsynced:
after `write_durably` returns, neither kill -9 nor a power cut takes the file back.
"""

import contextlib
import errno
import os
import uuid
from pathlib import Path

from dsa_hcal_assets.errors import InputConflict, PermanentError, TransientError

PART_SUFFIX = ".part"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class DiskFull(TransientError):
    """The filesystem (or a quota or limit on it) has no room for the file."""


class WriteFailed(TransientError):
    """The operating system refused to write, sync or rename the file."""


class NotADirectory(PermanentError):
    """The directory files should be written into is something else."""


def write_durably(path: Path, data: bytes) -> None:
    """Write `data` to `path`, whole and on the disk, or not at all.

    Writing the same content again is a no-op, so that a retry after an uncertain end is safe.

    Raises
    ------
    InputConflict
        If `path` already has other content; it is left as it is.
    DiskFull, WriteFailed
        If the operating system refuses; nothing is left behind under `path`.
    """
    try:
        if _already_written(path, data):
            return
        _write_and_rename(path, data)
    except OSError as error:
        raise explain_os_error(path, len(data), error) from error


def replace_durably(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Write `data` to `path` whole, taking the place of an older file at once.

    Without `sync` it outlives the process, but perhaps not a power cut.

    Raises
    ------
    DiskFull, WriteFailed
        If the operating system refuses; the older file is unchanged.
    """
    try:
        _write_and_rename(path, data, sync=sync)
    except OSError as error:
        raise explain_os_error(path, len(data), error) from error


def make_directory(directory: Path) -> None:
    """Create `directory` (and its parents) unless it exists.

    Raises
    ------
    NotADirectory
        If something else has that name.
    DiskFull, WriteFailed
        If the operating system refuses.
    """
    try:
        if not directory.is_dir():
            directory.mkdir(parents=True, exist_ok=True)
            sync_directory(directory.parent)
    except (FileExistsError, NotADirectoryError) as error:
        raise NotADirectory(
            f"{directory} is not a directory", remedy="move it away or choose another"
        ) from error
    except OSError as error:
        raise explain_os_error(directory, 0, error) from error


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` last: what was created, renamed or removed in it so far."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_leftovers(directory: Path) -> list[Path]:
    """Remove the hidden parts a killed writer left in `directory`; return what was removed.

    Only call it while no other writer works in `directory` (`daq.one_writer`).
    """
    removed = []
    for part in sorted(directory.glob(f".*{PART_SUFFIX}")):
        part.unlink(missing_ok=True)
        removed.append(part)
    return removed


def _already_written(path: Path, data: bytes) -> bool:
    if not path.exists():
        return False
    if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
        return True
    raise InputConflict(
        f"{path} exists with other content",
        kept="the file that was there first is unchanged",
        remedy="find the second writer of this directory; move one of the two files away",
    )


def _write_and_rename(path: Path, data: bytes, *, sync: bool = True) -> None:
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}{PART_SUFFIX}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        try:
            _write_all(descriptor, data)
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        part.rename(path)
    except BaseException:
        # also on cancellation: a part that nobody will finish must not stay
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    if sync:
        sync_directory(path.parent)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def explain_os_error(path: Path, size: int, error: OSError) -> DiskFull | WriteFailed:
    """Return the typed error for an `OSError` met while writing `size` bytes to `path`."""
    if error.errno in _FULL:
        return DiskFull(
            f"no room to write {path}",
            expected=f"{size} bytes free",
            found=error.strerror or str(error),
            kept="the caller still holds the data; nothing was left under the final name",
            remedy="free space on this filesystem; writing is tried again",
        )
    return WriteFailed(
        f"cannot write {path}",
        found=error.strerror or str(error),
        kept="the caller still holds the data; nothing was left under the final name",
        remedy="check that the directory exists and is writable; writing is tried again",
    )
