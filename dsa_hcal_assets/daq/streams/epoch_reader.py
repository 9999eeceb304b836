"""All that is kept of one epoch, ring and log merged into one order."""

from dsa_hcal_assets.daq.streams.cursor_file import Reached
from dsa_hcal_assets.daq.streams.files import StreamFiles
from dsa_hcal_assets.daq.streams.ring_file import LAST, LOGGED, RingFile
from dsa_hcal_assets.daq.streams.ring_reader import RingReader
from dsa_hcal_assets.daq.streams.segment_file import first_sequences
from dsa_hcal_assets.daq.streams.segment_reader import SegmentReader


class EpochReader:
    """Frames of one epoch by sequence, wherever each of them lies.

    The ring's first page says how far the stream is written. Without a page of this boot nobody writes
    any more, and what can be found whole is all there is.
    """

    def __init__(self, files: StreamFiles, epoch: int) -> None:
        self.epoch = epoch
        self._files = files
        self._directory = files.epoch_directory(epoch)
        self._from_log = False
        self._log = SegmentReader(self._directory)
        file = find_ring(files, epoch)
        self._ring = RingReader(file) if file is not None and file.capacity else None
        self._ended = file is None or not file.of_this_boot
        if file is not None and not self._ended:
            self._words = file.words
            return
        logged = self._log.newest()
        last = max(logged, file.words[LAST] if file is not None else 0)
        ended = bytearray(8 * (LOGGED + 1))
        self._words = memoryview(ended).cast("Q")
        self._words[LAST], self._words[LOGGED] = last, logged

    @property
    def last(self) -> int:
        """Sequence of the newest visible message, 0 if there is none."""
        return int(self._words[LAST])

    def revived(self) -> bool:
        """Whether a writer goes on with an epoch that had ended: a mirror's, when its origin lives on."""
        file = find_ring(self._files, self.epoch) if self._ended else None
        return file is not None and file.of_this_boot

    def oldest(self) -> int:
        """Return the sequence of the oldest message that is kept, 0 if none is."""
        in_ring = self._ring.peek() if self._ring is not None else 0
        found = [sequence for sequence in (in_ring, *first_sequences(self._directory)[:1]) if sequence]
        return min(found, default=0)

    def seek(self, sequence: int) -> None:
        """Go to the first message above `sequence`."""
        if self._ring is not None:
            self._ring.seek(sequence)
        self._log.seek(sequence)

    def take(self, last: int) -> memoryview | None:
        """Return the next frame up to sequence `last`, None at the end.

        `last` is what the property said before: everything up to there is in its place by now, so the
        smaller one of ring and log is the next.
        """
        while True:
            in_ring = self._ring.peek() if self._ring is not None else 0
            if self._log.passed < (logged := min(self._words[LOGGED], last)):
                in_log = self._log.peek(logged)
                if in_log and not 0 < in_ring < in_log:
                    self._from_log = True
                    return self._log.take()
            if not in_ring or in_ring > last or self._ring is None:
                return None
            self._from_log = False
            if (frame := self._ring.take()) is not None:
                return frame

    def skip_damage(self) -> None:
        """Go past the bytes around the frame taken last, in which no other can be found."""
        if self._from_log:
            self._log.skip_segment()
        elif self._ring is not None:
            self._ring.skip_all()


def find_ring(files: StreamFiles, epoch: int) -> RingFile | None:
    """Return the ring of `epoch`, in memory or on disk, None if it is gone."""
    for path in (files.ring_in_memory(epoch), files.ring_on_disk(epoch)):
        try:
            return RingFile(path)
        except FileNotFoundError:
            continue
    return None


def oldest_kept(files: StreamFiles) -> Reached:
    """Return the place just before the oldest message that is kept in any epoch."""
    reached = Reached(0, 0, 0)
    for epoch in files.epochs():
        source = EpochReader(files, epoch)
        if oldest := source.oldest():
            return Reached(epoch, oldest - 1, 0)
        reached = Reached(epoch, source.last, 0)
    return reached
