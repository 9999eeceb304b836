"""Only one process may write into a directory at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dsa_hcal_assets.daq.durable_file import explain_os_error
from dsa_hcal_assets.errors import PermanentError

LOCK_NAME = ".one-writer.lock"


class SecondWriter(PermanentError):
    """Another process already writes into the directory."""


@contextmanager
def one_writer(directory: Path, name: str = LOCK_NAME) -> Iterator[None]:
    """Hold a writer lock; the system releases it when the process ends, however it ends.

    Parameters
    ----------
    directory
        Where the lock file lies, and what only one writer may write to.
    name
        The lock file, where only some files of the directory are meant.

    Raises
    ------
    SecondWriter
        If another process (or another part of this one) holds it.
    DiskFull, WriteFailed
        If the lock file cannot be made.
    """
    try:
        import fcntl
    except ImportError:  # Windows has no flock; two writers are then an operator's mistake to avoid
        yield
        return
    lock = directory / name
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise explain_os_error(lock, 0, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SecondWriter(
                f"another process writes into {directory}",
                found=str(error),
                remedy="stop the other acquisition, or choose another directory",
            ) from error
        yield
    finally:
        os.close(descriptor)
