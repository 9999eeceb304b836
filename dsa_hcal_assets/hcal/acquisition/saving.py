"""Writing snapshots beside the polling: a full disk or a slow one never stops the next cycle."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Generic

from dsa_hcal_assets.daq.unsaved import Unsaved
from dsa_hcal_assets.errors import InputConflict, PlatformError
from dsa_hcal_assets.hcal.snapshots.source import S, SnapshotSource

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _File(Generic[S]):
    snapshot: S
    content: bytes


class SnapshotSaver(Generic[S]):
    """Writes snapshots in the order they were taken, and goes on trying while it cannot.

    Snapshots that cannot be written wait in memory (`Unsaved`: at most `limit`, thinned to every
    second one when full) and are lost if the process is killed meanwhile; the log carries an error
    for as long as any wait.

    Parameters
    ----------
    source
        Of the snapshots.
    directory
        Where the files go.
    limit
        Snapshots that may wait.
    retry_seconds
        Pause between two attempts.

    Attributes
    ----------
    afterwards
        Called after each attempt to write, in the thread that writes.
    """

    def __init__(self, source: SnapshotSource[S], directory: Path, limit: int, retry_seconds: float) -> None:
        self._source, self.directory, self.limit = source, directory, limit
        self.afterwards: Callable[[], object] = lambda: None
        self._unsaved: Unsaved[_File[S]] = Unsaved(limit)
        self._retry_seconds = retry_seconds
        # a thread of its own: the loop's shared ones may all hang in name look-ups of dead hosts
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="snapshots")
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.written = 0
        self.trouble: PlatformError | None = None

    @property
    def waiting(self) -> int:
        """Snapshots not on disk yet."""
        return len(self._unsaved)

    @property
    def given_up(self) -> int:
        """Snapshots lost because too many waited."""
        return self._unsaved.given_up

    def put(self, snapshot: S) -> bytes:
        """Hand over a snapshot; return at once, with the content of the file it becomes."""
        content = self._source.encode(snapshot)
        self._unsaved.add(_File(snapshot, content))
        self._idle.clear()
        self._wake.set()
        return content

    async def run(self) -> None:
        """Write whatever waits, until cancelled.

        What no `PlatformError` explains is a defect and ends it, so that its caller ends too.
        """
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self._retry_seconds if self.waiting else None)
                self._wake.clear()
                await self._flush()
        finally:
            self._thread.shutdown(wait=False)

    async def finish(self, seconds: float) -> None:
        """Give the writing `seconds` to end; what then still waits is reported by `waiting`."""
        self._wake.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self._unsaved.flush, self._write)
        except PlatformError as error:
            self.trouble = error
            _log.error("ALARM: %d snapshots are not on disk, polling goes on: %s", self.waiting, error)
        else:
            if self.trouble is not None:
                _log.warning("alarm over: snapshots are written again")
                self.trouble = None
        await loop.run_in_executor(self._thread, self.afterwards)
        if not self.waiting:
            self._idle.set()

    def _write(self, file: _File[S]) -> None:
        snapshot = file.snapshot
        try:
            path = self._source.place(self.directory, snapshot.cycle, file.content)
        except InputConflict as error:
            # two cycles of one microsecond: only a wall clock set back brings that; keep both
            _log.warning("%s; the second one is stored a microsecond later", error)
            path = self._source.write(
                self.directory, replace(snapshot, cycle=snapshot.cycle + timedelta(microseconds=1))
            )
        self.written += 1
        _log.debug("wrote %s", path)
