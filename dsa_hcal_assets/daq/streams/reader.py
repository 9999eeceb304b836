"""One consumer's end of a stream."""

import logging
import os
import time
from collections import deque
from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase

from dsa_hcal_assets.daq.messages.frame import FrameDamaged, unpack
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.streams.bell import LONGEST, Bell
from dsa_hcal_assets.daq.streams.cursor_file import CursorFile, Reached, bell_path
from dsa_hcal_assets.daq.streams.epoch_reader import EpochReader
from dsa_hcal_assets.daq.streams.errors import ReaderRetired, StreamMisused
from dsa_hcal_assets.daq.streams.files import StreamFiles
from dsa_hcal_assets.daq.streams.registry import register
from dsa_hcal_assets.daq.streams.second_reader import lock_cursor
from dsa_hcal_assets.daq.streams.tidying import tidy

LOOK_FOR_EPOCHS = 0.05
"""How often a reader that has nothing to read looks whether the stream was begun anew, s."""
_log = logging.getLogger(__name__)


class FileReader:
    """Reads a stream under a name; see `interface.StreamReader`."""

    def __init__(self, files: StreamFiles, producer: str, name: str, topics: Collection[str]) -> None:
        self._files = files
        self._producer = producer
        self._where = f"the stream of {producer}"
        self._name = name
        self._topics = tuple(topics)
        self._wanted: dict[str, bool] = {}
        with files.locked():
            path = register(files, name)
            self._descriptor: int | None = lock_cursor(path, producer, name)
            self._cursor = CursorFile(path, writable=True)
            self._cursor.waiting = False
            self._bell = Bell(bell_path(path))
            tidy(files)
        self._scanned = self._cursor.reached
        self._given: deque[Reached] = deque()
        self._source: EpochReader | None = None
        self._ahead: memoryview | None = None
        self._looked = 0.0

    @property
    def lost(self) -> int:
        """Messages this reader has missed since it was registered."""
        return self._scanned.lost

    @property
    def behind(self) -> int:
        """Messages of the present epoch that have not been received."""
        if self._source is None:
            return 0
        received = self._scanned.sequence if self._scanned.epoch == self._source.epoch else 0
        return max(0, self._source.last - received)

    @property
    def waiting(self) -> bool:
        """Whether the reader is to be woken by the next message: set it before sleeping on `fileno`."""
        return self._cursor.waiting

    @waiting.setter
    def waiting(self, sleeps: bool) -> None:
        self._cursor.waiting = sleeps

    def fileno(self) -> int | None:
        """Return the descriptor that becomes readable when a message comes while `waiting`.

        None where there are no named pipes. It may stay silent in rare cases: look again after 20 ms.
        """
        return self._bell.descriptor

    def poll(self) -> bool:
        """Whether there is something new."""
        if self._ahead is None:
            self._ahead = self._frame()
        return self._ahead is not None

    def receive(self, limit: int = 256, timeout: float = 0.0) -> Sequence[Message]:
        """Return up to `limit` further messages in order, waiting up to `timeout` s for the first.

        Raises
        ------
        ReaderRetired
            If the reader was taken out of the configuration.
        """
        batch = self._scan(limit)
        if batch or timeout <= 0:
            return batch
        deadline = time.monotonic() + timeout
        self.waiting = True
        try:
            while not (batch := self._scan(limit)) and (left := deadline - time.monotonic()) > 0:
                self._bell.sleep(min(left, LONGEST))
        finally:
            self.waiting = False
        return batch

    def acknowledge(self, epoch: int, sequence: int) -> None:
        """Say that everything up to (epoch, sequence) has been dealt with."""
        given = self._given
        if not given or given[0][:2] > (epoch, sequence):
            return
        while given and given[0][:2] <= (epoch, sequence):
            given.popleft()
        self._settle()

    def close(self) -> None:
        """Let go of the stream; what was not acknowledged will be delivered again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        self._bell.close()
        self._source = self._ahead = None
        self._given.clear()

    def _settle(self) -> None:
        # what the filter leaves out is dealt with as soon as all before it is
        if self._given:
            first = self._given[0]
            reached = first._replace(sequence=first.sequence - 1)
        else:
            reached = self._scanned
        before = self._cursor.reached.epoch
        self._cursor.move(reached)
        if before != reached.epoch:
            with self._files.locked():
                tidy(self._files)

    def _scan(self, limit: int) -> list[Message]:
        if self._descriptor is None:
            raise StreamMisused(f"reader {self._name} of {self._producer} was used after it was closed")
        if self._cursor.retired:
            raise ReaderRetired(
                f"reader {self._name} of {self._producer} was retired while it was reading",
                remedy="stop it; to have it again, register it: it begins with the oldest message kept",
            )
        batch: list[Message] = []
        before = self._scanned
        while len(batch) < limit and (frame := self._frame()) is not None:
            message = self._unpacked(frame)
            if message is not None and self._wants(message.topic):
                self._given.append(self._scanned)
                batch.append(message)
        if not self._given and self._scanned != before:
            self._settle()
        return batch

    def _frame(self) -> memoryview | None:
        frame, self._ahead = self._ahead, None
        frame = frame or self._take()
        while frame is None and (epoch := self._later_epoch()):
            # the writer of the present epoch has ended: what is there now is the rest of it
            frame = self._take()
            if frame is None:
                self._open(epoch)
                frame = self._take()
        return frame

    def _take(self) -> memoryview | None:
        source = self._source
        if source is None:
            return None
        last = source.last
        if last <= self._scanned.sequence and self._scanned.epoch == source.epoch:
            return None
        return source.take(last)

    def _later_epoch(self) -> int:
        now = time.monotonic()
        if now < self._looked + LOOK_FOR_EPOCHS:
            return 0
        self._looked = now
        source = self._source
        after = self._scanned.epoch - 1 if source is None else source.epoch
        if source is not None and source.revived():
            return source.epoch
        return next((epoch for epoch in self._files.epochs() if epoch > after), 0)

    def _open(self, epoch: int) -> None:
        self._source = EpochReader(self._files, epoch)
        self._source.seek(self._scanned.sequence if epoch == self._scanned.epoch else 0)
        self._looked = 0.0

    def _unpacked(self, frame: memoryview) -> Message | None:
        """Return the message of `frame` and count it; None if its content is damaged."""
        try:
            message = unpack(frame, self._where)
        except FrameDamaged as error:
            self._leave_out(frame, error)
            return None
        self._count(message, 0)
        return message

    def _leave_out(self, frame: memoryview, error: FrameDamaged) -> None:
        _log.error("%s: it is left out and counted as lost", error)
        try:
            self._count(unpack(frame, self._where, check_payload=False), 1)
        except FrameDamaged:
            if self._source is not None:
                self._source.skip_damage()

    def _count(self, message: Message, damaged: int) -> None:
        epoch, sequence, lost = self._scanned
        before = sequence if epoch == message.epoch else 0
        missed = message.sequence - 1 - before
        self._scanned = Reached(message.epoch, message.sequence, lost + missed + damaged)

    def _wants(self, topic: str) -> bool:
        wanted = self._wanted.get(topic)
        if wanted is None:
            wanted = any(fnmatchcase(topic, pattern) for pattern in self._topics)
            self._wanted[topic] = wanted
        return wanted
