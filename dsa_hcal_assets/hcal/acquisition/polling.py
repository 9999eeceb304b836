"""Boards polled into a directory, one durable snapshot file a cycle; whoever calls gives the cadence."""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.daq.durable_file import make_directory, remove_leftovers
from dsa_hcal_assets.daq.one_writer import one_writer
from dsa_hcal_assets.errors import PlatformError
from dsa_hcal_assets.hcal.acquisition.board_log import BoardLog
from dsa_hcal_assets.hcal.acquisition.cycle import poll_cycle
from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.poller import BoardPoller
from dsa_hcal_assets.hcal.acquisition.saving import SnapshotSaver
from dsa_hcal_assets.hcal.controllers.boards import Board
from dsa_hcal_assets.hcal.controllers.readings import Snapshot
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS

LONGEST_RETRY = 10.0
"""Longest pause between two attempts to write what could not be written, s."""
_log = logging.getLogger(__name__)


class BoardPolling:
    """Open connections to boards, and the snapshots taken from them; made by `board_polling`.

    Attributes
    ----------
    acquisition_id
        Drawn at the start; its snapshots count from 0.
    taken
        Snapshots taken.
    """

    def __init__(self, pollers: Sequence[BoardPoller], saver: SnapshotSaver[Snapshot]) -> None:
        self.acquisition_id = uuid.uuid4().hex
        self.taken = 0
        self._pollers, self._saver = pollers, saver
        self._saving = asyncio.create_task(saver.run())
        self._board_log = BoardLog()

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

    async def cycle(self, run_number: int) -> Snapshot:
        """Read all boards once and hand the snapshot over for writing.

        Raises
        ------
        Exception
            A defect that ended the writing: polling on without it would only look alive.
        """
        taking = asyncio.create_task(
            poll_cycle(
                self._pollers,
                cycle=utc_now(),
                sequence=self.taken,
                acquisition_id=self.acquisition_id,
                run_number=run_number,
            )
        )
        try:
            await asyncio.wait({taking, self._saving}, return_when=asyncio.FIRST_COMPLETED)
            if self._saving.done():
                self._saving.result()
            snapshot = taking.result()
        finally:
            taking.cancel()
        self._saver.put(snapshot)
        self._board_log.compare(snapshot)
        self.taken += 1
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
        for poller in self._pollers:
            poller.close()


@asynccontextmanager
async def board_polling(
    boards: Sequence[Board],
    directory: Path,
    deadlines: Deadlines,
    unsaved_limit: int = 500,
    retry_seconds: float = LONGEST_RETRY,
) -> AsyncIterator[BoardPolling]:
    """Be the one that polls `boards` into `directory`.

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
        saver = SnapshotSaver(CONTROLLERS, directory, unsaved_limit, retry_seconds)
        polling = BoardPolling([BoardPoller(board, deadlines) for board in boards], saver)
        try:
            yield polling
        finally:
            await polling.close()
