"""The reading end of the log on disk: its frames in order."""

from pathlib import Path

from dsa_hcal_assets.daq.messages.frame import HEADER, aligned, frame_length
from dsa_hcal_assets.daq.streams.mapping import map_file
from dsa_hcal_assets.daq.streams.segment_file import (
    first_sequences,
    segment_path,
    sequence_at,
    whole_frames,
)


class SegmentReader:
    """Walks over the frames of the segments in one directory.

    The caller knows from the ring's first page how far the log is written, and asks for no more.

    Attributes
    ----------
    passed
        Sequence that has been passed; frames up to it are not found any more.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._data = memoryview(b"")
        self._first = 0
        self._offset = 0
        self.passed = 0

    def newest(self) -> int:
        """Return the sequence of the newest whole frame, for a log that nobody writes any more; 0 if none."""
        for first in reversed(first_sequences(self._directory)):
            path = segment_path(self._directory, first)
            frames = [sequence for sequence, _ in whole_frames(map_file(path), str(path))]
            if frames:
                return frames[-1]
        return 0

    def seek(self, sequence: int) -> None:
        """Go to the first frame above `sequence`.

        The segment is opened when a frame is asked for: before anything in it is published, the writer may
        still replace it by another.
        """
        before = [first for first in first_sequences(self._directory) if first <= sequence + 1]
        self._data, self._offset = memoryview(b""), 0
        self._first = before[-1] - 1 if before else 0
        self.passed = sequence

    def peek(self, newest: int) -> int:
        """Return the sequence of the next frame, 0 if there is none up to `newest`."""
        while self.passed < newest:
            sequence = sequence_at(self._data, self._offset)
            if sequence > self.passed:
                return sequence if sequence <= newest else 0
            if sequence:
                self._offset += aligned(self._length())
            elif not self._open_next():
                return 0
        return 0

    def take(self) -> memoryview:
        """Return the frame that `peek` found and go on."""
        length = self._length()
        frame = self._data[self._offset : self._offset + length]
        self.passed = sequence_at(self._data, self._offset)
        self._offset += aligned(length)
        return frame

    def skip_segment(self) -> None:
        """Go past what is left of the segment."""
        self._offset = len(self._data)

    def _length(self) -> int:
        return frame_length(self._data[self._offset : self._offset + HEADER.size])

    def _open_next(self) -> bool:
        after = [first for first in first_sequences(self._directory) if first > self._first]
        return bool(after) and self._open(after[0])

    def _open(self, first: int) -> bool:
        try:
            self._data = map_file(segment_path(self._directory, first))
        except FileNotFoundError:  # the writer has just removed it
            return False
        self._first, self._offset = first, 0
        return True
