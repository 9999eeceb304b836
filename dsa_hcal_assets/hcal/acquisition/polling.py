"""Boards polled into a directory, one durable snapshot file a cycle; whoever calls gives the cadence.

What is polled is a `Polled`: any devices that give one snapshot a cycle. `PolledBoards` are boards
read by `Poller`s; sources that talk otherwise bring their own.
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Generic, Protocol

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.daq.durable_file import make_directory, remove_leftovers
from dsa_hcal_assets.daq.one_writer import one_writer
from dsa_hcal_assets.errors import PlatformError
from dsa_hcal_assets.hcal.acquisition.board_log import BoardLog, BoardState
from dsa_hcal_assets.hcal.acquisition.collecting import R
from dsa_hcal_assets.hcal.acquisition.cycle import poll_all
from dsa_hcal_assets.hcal.acquisition.note import AcquisitionNote, remove_note, write_note
from dsa_hcal_assets.hcal.acquisition.poller import Poller
from dsa_hcal_assets.hcal.acquisition.saving import SnapshotSaver
from dsa_hcal_assets.hcal.snapshots.source import S, SnapshotSource

LONGEST_RETRY = 10.0
"""Longest pause between two attempts to write what could not be written, s."""
_log = logging.getLogger(__name__)


class Polled(Protocol[S]):
    """Devices of which one snapshot is taken a cycle."""

    async def take(self, cycle: datetime, sequence: int, acquisition_id: str, run_number: int) -> S:
        """Read all devices; what they do wrong is in the snapshot, never raised."""

    def boards(self, snapshot: S) -> Iterable[BoardState]:
        """Return what the snapshot says of each device."""

    def close(self) -> None:
        """Hang up."""


@dataclass(frozen=True)
class PolledBoards(Generic[S, R]):
    """Boards with a poller each.

    Parameters
    ----------
    snapshot
        Makes the snapshot of cycle, sequence, acquisition id, run number and the boards' readings.
    states
        Returns what a snapshot says of each board.
    """

    pollers: Sequence[Poller[R]]
    snapshot: Callable[[datetime, int, str, int, tuple[R, ...]], S]
    states: Callable[[S], Iterable[BoardState]]

    async def take(self, cycle: datetime, sequence: int, acquisition_id: str, run_number: int) -> S:
        """Read all boards in parallel."""
        return self.snapshot(cycle, sequence, acquisition_id, run_number, await poll_all(self.pollers))

    def boards(self, snapshot: S) -> Iterable[BoardState]:
        """Return what the snapshot says of each board."""
        return self.states(snapshot)

    def close(self) -> None:
        """Drop all connections."""
        for poller in self.pollers:
            poller.close()


class Polling(Generic[S]):
    """Devices that are polled, and the snapshots taken from them; made by `polling`.

    Attributes
    ----------
    acquisition_id
        Drawn at the start; its snapshots count from 0.
    taken
        Snapshots taken.
    newest_file
        Content of the last snapshot's file; empty before the first.
    """

    def __init__(self, polled: Polled[S], saver: SnapshotSaver[S]) -> None:
        self.acquisition_id = uuid.uuid4().hex
        self.taken = 0
        self.newest_file = b""
        self._polled, self._saver = polled, saver
        self._board_log = BoardLog()
        self._started: datetime | None = None
        self._ended = utc_now()
        self._period: float | None = None
        saver.afterwards = lambda: write_note(saver.directory, self.note())
        self._saving = asyncio.create_task(saver.run())

    @property
    def written(self) -> int:
        """Snapshots on disk."""
        return self._saver.written

    @property
    def waiting(self) -> int:
        """Snapshots not on disk yet."""
        return self._saver.waiting

    @property
    def given_up(self) -> int:
        """Snapshots lost because too many waited."""
        return self._saver.given_up

    @property
    def trouble(self) -> PlatformError | None:
        """Why snapshots cannot be written at present."""
        return self._saver.trouble

    async def cycle(self, run_number: int) -> S:
        """Read all boards once and hand the snapshot over for writing.

        Raises
        ------
        Exception
            A defect that ended the writing: polling on without it would only look alive.
        """
        started = utc_now()
        taking = asyncio.create_task(self._polled.take(started, self.taken, self.acquisition_id, run_number))
        try:
            await asyncio.wait({taking, self._saving}, return_when=asyncio.FIRST_COMPLETED)
            if self._saving.done():
                self._saving.result()
            snapshot = taking.result()
        finally:
            taking.cancel()
        self._board_log.compare(started, self._polled.boards(snapshot))
        self._period = None if self._started is None else (started - self._started).total_seconds()
        self._started, self._ended = started, utc_now()
        self.taken += 1
        self.newest_file = self._saver.put(snapshot)
        return snapshot

    async def finish(self, seconds: float) -> None:
        """Give the writing `seconds` to end.

        Raises
        ------
        PlatformError
            The last reason why snapshots could not be written, if some are still unwritten.
        """
        await self._saver.finish(seconds)
        if self._saving.done():
            self._saving.result()
        if self.waiting:
            _log.error("%d snapshots are lost: they could not be written before the end", self.waiting)
            if self.trouble is not None:
                raise self.trouble

    async def close(self) -> None:
        """End the writing and hang up on all boards."""
        self._saving.cancel()
        await asyncio.gather(self._saving, return_exceptions=True)
        self._polled.close()
        remove_note(self._saver.directory)

    def note(self) -> AcquisitionNote:
        """Return how the acquisition is, as of its last cycle."""
        return AcquisitionNote(
            at=self._ended,
            acquisition_id=self.acquisition_id,
            period=self._period,
            taken=self.taken,
            written=self.written,
            waiting=self.waiting,
            limit=self._saver.limit,
            given_up=self.given_up,
            trouble=None if self.trouble is None else str(self.trouble),
            boards=self._board_log.counts,
            unhealthy=self._board_log.unhealthy,
        )


@asynccontextmanager
async def polling(
    source: SnapshotSource[S],
    polled: Polled[S],
    directory: Path,
    unsaved_limit: int = 500,
    retry_seconds: float = LONGEST_RETRY,
) -> AsyncIterator[Polling[S]]:
    """Be the one that polls a source into `directory`.

    Raises
    ------
    SecondWriter
        If another acquisition writes into the directory.
    DiskFull, WriteFailed, NotADirectory
        If the directory cannot be made or locked.
    """
    make_directory(directory)
    with one_writer(directory):
        for part in remove_leftovers(directory):
            _log.info("removed %s, left by an acquisition that was killed", part)
        saver = SnapshotSaver(source, directory, unsaved_limit, retry_seconds)
        running = Polling(polled, saver)
        try:
            yield running
        finally:
            await running.close()
