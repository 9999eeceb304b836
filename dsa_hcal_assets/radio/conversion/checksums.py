"""Checksums of the files that are being converted, and proof that they stayed what they were."""

import hashlib
import stat
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

from dsa_hcal_assets.radio.conversion.errors import SubbandChanged
from dsa_hcal_assets.radio.conversion.stopwatch import Stopwatch
from dsa_hcal_assets.radio.ingest.errors import UnreadableSubband


class Checksums:
    """The sha256 of files, taken by a thread of its own; a context manager.

    The thread walks the files ahead of whoever reads them next, who then finds their bytes in the page
    cache: the disk is read once.

    Parameters
    ----------
    paths
        Files to read, in this order.
    watch
        Gets what it takes, as ``hash``.

    Raises
    ------
    UnreadableSubband
        If a file is not there.
    """

    def __init__(self, paths: Sequence[Path], watch: Stopwatch) -> None:
        self._watch = watch
        self._identities = {path: _identity(path) for path in paths}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="checksums")
        self._sums: dict[Path, Future[str]] = {}

    def __enter__(self) -> Self:
        self._sums = {path: self._pool.submit(self._sum, path) for path in self._identities}
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _sum(self, path: Path) -> str:
        with self._watch("hash"):
            return sha256_of(path)

    def finish(self) -> dict[Path, str]:
        """Wait for the checksums; call it after everything else was read.

        Raises
        ------
        SubbandChanged
            If a file is not the one that it was when this began.
        """
        sums = {path: one.result() for path, one in self._sums.items()}
        for path, before in self._identities.items():
            if _identity(path) != before:
                raise SubbandChanged(
                    f"{path.name} changed while it was converted",
                    expected="the same bytes to the end",
                    found="another size, time of change or file of that name",
                    kept="nothing was published",
                    remedy="let the correlator rename files into place when they are complete",
                )
        return sums


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with path.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()


def _identity(path: Path) -> tuple[int, int, int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise UnreadableSubband(
            f"{path.name} cannot be opened", found=str(error.strerror), remedy="see what moved it away"
        ) from error
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        # opening a FIFO would wait for a writer for ever
        raise UnreadableSubband(f"{path.name} cannot be opened", expected="a file", found="a special file")
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
