"""A source of snapshots as a job of the acquisition framework.

What it promises: each snapshot is a durable file before anything else happens to it. The broker
carries live copies, which may be lost.
"""

import time
from abc import abstractmethod
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, closing
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from dsa_hcal_assets.daq.jobs import Duration, Job, JobConfig, JobContext
from dsa_hcal_assets.daq.jobs.background_loop import BackgroundLoop
from dsa_hcal_assets.daq.jobs.job import JobStopping
from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.job import STOP_SECONDS
from dsa_hcal_assets.hcal.acquisition.note import AcquisitionNote
from dsa_hcal_assets.hcal.acquisition.polling import Polling
from dsa_hcal_assets.hcal.acquisition.run_number import UNKNOWN, read_run_number
from dsa_hcal_assets.hcal.snapshots.source import S, SnapshotSource


class PollingJobConfig(JobConfig):
    """Keys of a job that polls a source."""

    interval: Duration = 600.0
    """Time between the starts of two cycles."""
    stop_deadline: Duration = 15.0
    """How long it may take to end when asked: a cycle and the writing have 5 s each."""
    directory: Path
    """Where snapshot files go: the source's directory below the platform's incoming."""
    connect: Duration = 2.0
    """Deadline of a connection attempt."""
    reply: Duration = 2.0
    """Deadline of one command's reply; two misses end the board."""
    board: Duration = 30.0
    """Deadline of all readings of one board in one cycle."""
    unsaved_snapshots: int = 500
    """Snapshots held in memory while they cannot be written."""
    run_number_file: Path | None = None
    """File with the current run number; none: unknown (-1)."""

    @property
    def deadlines(self) -> Deadlines:
        """The deadlines; a board never gets more than a cycle's time."""
        return Deadlines(self.connect, self.reply, min(self.board, 0.9 * self.interval))


C = TypeVar("C", bound=PollingJobConfig)


class PollingJob(Job[C], Generic[C, S]):
    """Reads all devices of a source at every step and writes one snapshot file; only reads, sets nothing."""

    TOPIC: ClassVar[str]
    """Of the live copies of its snapshots; how it is goes to `acquisition.<source>`."""
    source: SnapshotSource[S]
    _loop: BackgroundLoop
    _polling: Polling[S]

    def __init__(self, config: C, context: JobContext) -> None:
        super().__init__(config, context)
        self._opened = ExitStack()
        self._asked_at: float | None = None

    @abstractmethod
    def open(self) -> AbstractAsyncContextManager[Polling[S]]:
        """Read the list of devices and return the polling of them."""

    def setup(self) -> None:
        """Become the directory's one writer."""
        opening = self.open()
        self._loop = self._opened.enter_context(closing(BackgroundLoop(self.config.id)))
        polling = AsyncExitStack()
        self._polling = self._loop.call(polling.enter_async_context(opening))
        self._opened.callback(lambda: self._loop.call(polling.aclose()))
        self._opened.callback(lambda: self._loop.call(self._polling.finish(STOP_SECONDS)))
        self.log.info("acquisition %s of %s", self._polling.acquisition_id, self.source.name)

    def step(self) -> None:
        """Take one snapshot, hand it over for writing and publish a live copy.

        Raises
        ------
        DiskFull, WriteFailed
            While snapshots cannot be written: shown in the status; polling goes on.
        """
        file = self.config.run_number_file
        run_number = UNKNOWN if file is None else read_run_number(file)
        snapshot = self._loop.call(self._polling.cycle(run_number), meanwhile=self._meanwhile)
        self.publish(
            self.TOPIC,
            self._polling.newest_file,
            cycle=snapshot.cycle.isoformat(),
            sequence=snapshot.sequence,
            waiting=self._polling.waiting,
        )
        self.publish(f"acquisition.{self.source.name}", _health(self._polling.note()))
        if self._polling.trouble is not None:
            raise self._polling.trouble

    def teardown(self) -> None:
        """Give the writing its time, and hang up."""
        self._opened.close()

    def _meanwhile(self) -> None:
        self.sign_of_life("reading the boards")
        if not self.stopping.is_set():
            return
        if self._asked_at is None:
            self._asked_at = time.monotonic()
        if time.monotonic() > self._asked_at + STOP_SECONDS:
            raise JobStopping("the job ends in the middle of a cycle", kept="snapshots taken before are kept")


def _health(note: AcquisitionNote) -> dict[str, int | str]:
    """Return what health checks can set limits to; a snapshot that is just being written is not unsaved."""
    return {
        "taken": note.taken,
        "unsaved": note.waiting if note.trouble else 0,
        "given_up": note.given_up,
        **{f"boards_{status}": note.boards.get(status, 0) for status in ("ok", "partial", "down")},
        "unhealthy": ", ".join(board.board for board in note.unhealthy),
    }
