"""One epoch as its writer sees it: a ring, a log, and the policy that says which of them is next."""

import time
from typing import NoReturn

from dsa_hcal_assets.daq.messages.frame import aligned
from dsa_hcal_assets.daq.streams.configuration import StreamConfig
from dsa_hcal_assets.daq.streams.cursor_file import CursorFile, Reached
from dsa_hcal_assets.daq.streams.errors import MessageTooLarge, StreamFull
from dsa_hcal_assets.daq.streams.files import StreamFiles
from dsa_hcal_assets.daq.streams.interface import Policy
from dsa_hcal_assets.daq.streams.registry import EVERYTHING, Registry
from dsa_hcal_assets.daq.streams.ring_file import LAST, LOGGED, RingFile
from dsa_hcal_assets.daq.streams.ring_writer import RingWriter
from dsa_hcal_assets.daq.streams.segment_writer import SegmentWriter
from dsa_hcal_assets.daq.streams.waiting import Patience

TRIM_PERIOD = 1.0
"""How often what has been read is removed from disk while more is sent, s."""


class EpochWriter:
    """Gives each frame a place, and makes it visible.

    A frame goes into the ring if there is room. Otherwise the policy decides: wait, give up the oldest, or
    put it into the log on disk, from where readers take it in its turn. A ring without capacity leaves
    everything to the log.
    """

    def __init__(
        self, files: StreamFiles, producer: str, config: StreamConfig, file: RingFile, registry: Registry
    ) -> None:
        self.epoch = file.epoch
        self._files = files
        self._producer = producer
        self._policy = file.policy
        self._disk_limit = config.disk_limit
        self._segment_size = min(int(config.segment), max(4096, config.disk_limit // 8))
        self._words = file.words
        self._registry = registry
        self._ring = RingWriter(file) if file.capacity else None
        self._log = SegmentWriter(files.epoch_directory(file.epoch), self._segment_size, config.sync)
        self._logs = file.policy is Policy.SPILL or self._ring is None
        self._spare = memoryview(bytearray())
        self._in_ring = False
        self._trim_bytes = self._segment_size
        self._trim_time = 0.0
        self._holder: CursorFile | None = None
        self._held_at = Reached(0, 0, 0)
        self._adopt()

    @property
    def last(self) -> int:
        """Sequence of the newest visible message, 0 before the first."""
        return int(self._words[LAST])

    def place(self, length: int, timeout: float | None) -> memoryview:
        """Return where a frame of `length` bytes may be written.

        Raises
        ------
        StreamFull
            If no room came within `timeout` s (None waits for ever).
        MessageTooLarge
            If it can never fit.
        """
        if self._log and self._trim_is_due():
            self._free()
        place = self._ring.reserve(length) if self._ring is not None else None
        if place is None:
            place = self._make_place(length, timeout)
        self._in_ring = place is not None
        return self._spare_of(length) if place is None else place

    def publish(self, place: memoryview, sequence: int) -> None:
        """Make the frame visible that has been written to `place`, the last one asked for.

        Raises
        ------
        DiskFull, WriteFailed
            If it has to go to disk and the system refuses; nothing of it is left.
        """
        if self._in_ring and self._ring is not None:
            self._ring.publish(len(place), sequence)
            return
        self._log.append(place, sequence)
        self._words[LOGGED] = sequence
        self._words[LAST] = sequence

    def close(self) -> None:
        """Let go of the files."""
        self._log.close()

    def _adopt(self) -> None:
        # a writer that was killed may have written a frame and not yet said so
        logged = max(self._words[LOGGED], self._log.last_sequence)
        in_ring = self._ring.newest_sequence() if self._ring is not None else 0
        self._words[LOGGED] = logged
        self._words[LAST] = max(self._words[LAST], logged, in_ring)

    def _make_place(self, length: int, timeout: float | None) -> memoryview | None:
        """Return a place in the ring, or None if there is room in the log."""
        fits_ring = self._ring is not None and aligned(length) <= self._ring.capacity
        fits_log = self._logs and aligned(length) <= self._disk_limit
        if not fits_ring and not fits_log:
            self._refuse(length)
        if self._policy is Policy.DROP_OLDEST:
            return self._drop_for(length)
        patience = Patience(timeout)
        while True:
            if self._holder_has_moved():
                self._free()
            if self._ring is not None and fits_ring and (place := self._ring.reserve(length)) is not None:
                return place
            if fits_log and self._log.kept + aligned(length) <= self._disk_limit:
                return None
            if not patience.wait():
                self._give_up(length)

    def _drop_for(self, length: int) -> memoryview | None:
        if self._ring is None:
            while self._log.kept + aligned(length) > self._disk_limit:
                self._log.drop_oldest()
            return None
        while (place := self._ring.reserve(length)) is None:
            self._ring.drop_oldest()
        return place

    def _free(self) -> None:
        with self._files.locked():
            self._registry.refresh()
            self._held_at, self._holder = self._registry.slowest()
            acknowledged = self._acknowledged(self._held_at)
            if self._ring is not None and self._policy is not Policy.DROP_OLDEST:
                self._ring.free(acknowledged)
            self._log.trim(acknowledged)
        self._trim_bytes = self._log.kept + self._segment_size
        self._trim_time = time.monotonic() + TRIM_PERIOD

    def _acknowledged(self, reached: Reached) -> int:
        if reached.epoch == self.epoch:
            return reached.sequence
        return EVERYTHING.sequence if reached.epoch > self.epoch else 0

    def _holder_has_moved(self) -> bool:
        holder = self._holder
        return holder is None or holder.retired or holder.reached != self._held_at

    def _trim_is_due(self) -> bool:
        return self._log.kept > self._trim_bytes or time.monotonic() > self._trim_time

    def _spare_of(self, length: int) -> memoryview:
        if len(self._spare) < length:
            self._spare = memoryview(bytearray(length))
        return self._spare[:length]

    def _refuse(self, length: int) -> NoReturn:
        room = self._disk_limit if self._logs else self._ring.capacity if self._ring is not None else 0
        raise MessageTooLarge(
            f"a message for the stream of {self._producer} is larger than the stream",
            expected=f"at most {room} bytes",
            found=f"{length} bytes with its header",
            kept="nothing of it; the stream goes on",
            remedy="send smaller pieces, or raise the stream's size",
        )

    def _give_up(self, length: int) -> NoReturn:
        holder = self._holder.name if self._holder is not None else "nobody"
        raise StreamFull(
            f"the stream of {self._producer} is full",
            expected=f"room for {length} bytes",
            found=f"reader {holder} has acknowledged up to {self._held_at.sequence} of {self.last}",
            kept="everything sent before; this message was not sent",
            remedy=f"see why {holder} does not go on; retire it if it is gone for good",
        )
