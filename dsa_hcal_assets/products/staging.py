"""Staging: fresh directories beside the products, each held by its living maker.

``<root>/.staging/<id>/`` is held by an advisory lock on ``<id>.lock``. The kernel lets go of it
when its holder dies, in whatever way and in whatever container, so what nobody holds is litter.
"""

import contextlib
import fcntl
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from dsa_hcal_assets.products import tree
from dsa_hcal_assets.products.places import STAGING


@contextlib.contextmanager
def opened(root: Path) -> Iterator[Path]:
    """Give a fresh directory on the products' filesystem; on exit whatever is left of it is removed."""
    area = root / STAGING
    area.mkdir(parents=True, exist_ok=True)
    directory, lock = _held(area)
    try:
        directory.mkdir()
        yield directory
    finally:
        if directory.exists():
            tree.remove(directory)
        _lock_path(directory).unlink(missing_ok=True)
        lock.close()


def abandoned(root: Path) -> Iterator[Path]:
    """Yield staging directories whose maker is dead; each is held while the caller looks at it."""
    area = root / STAGING
    if not area.is_dir():
        return
    for path in sorted({area / item.name.removesuffix(".lock") for item in area.iterdir()}):
        lock = _try_lock(_lock_path(path))
        if lock is None:
            continue
        with lock:
            yield path
            _lock_path(path).unlink(missing_ok=True)


def _lock_path(directory: Path) -> Path:
    return directory.with_name(f"{directory.name}.lock")


def _held(area: Path) -> tuple[Path, IO[bytes]]:
    while True:
        directory = area / uuid.uuid4().hex
        lock = _try_lock(_lock_path(directory))
        if lock is not None and _still_named(lock, _lock_path(directory)):
            return directory, lock
        # A reconcile came between making and locking the file, took it for litter and removed it.
        if lock is not None:
            lock.close()


def _try_lock(path: Path) -> IO[bytes] | None:
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _still_named(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
