"""The writing end of the log on disk."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dsa_hcal_assets.daq.durable_file import explain_os_error, sync_directory
from dsa_hcal_assets.daq.messages.frame import HEADER, aligned
from dsa_hcal_assets.daq.streams.mapping import map_file
from dsa_hcal_assets.daq.streams.segment_file import first_sequences, segment_path, whole_frames

SYNC_PERIOD = 1.0
"""Longest time that `batch` leaves messages in the system's cache while more are sent, s."""


@dataclass
class _Segment:
    first: int
    last: int
    length: int


class SegmentWriter:
    """Appends frames to segments in one directory, and removes those that nobody needs any more.

    Parameters
    ----------
    directory
        Made when the first frame comes.
    segment_size
        Bytes of a segment; a larger frame gets one of its own.
    sync
        See `StreamConfig.sync`.
    """

    def __init__(self, directory: Path, segment_size: int, sync: Literal["none", "batch", "each"]) -> None:
        self._directory = directory
        self._segment_size = segment_size
        self._sync = sync
        self._synced = time.monotonic()
        self._descriptor = -1
        self._room = 0
        self._half_frame: _Segment | None = None
        self._segments = self._found()

    @property
    def last_sequence(self) -> int:
        """Sequence of the newest frame that is kept, 0 if none is."""
        return self._segments[-1].last if self._segments else 0

    @property
    def kept(self) -> int:
        """Bytes of frames in all segments."""
        return sum(segment.length for segment in self._segments)

    def __bool__(self) -> bool:
        """Whether anything is kept."""
        return bool(self._segments)

    def append(self, frame: memoryview, sequence: int) -> None:
        """Write one frame.

        Raises
        ------
        DiskFull, WriteFailed
            If the system refuses; nothing of the frame is left.
        """
        length = len(frame)
        try:
            self._erase_half_frame()
            if self._descriptor < 0 or self._segments[-1].length + length > self._room:
                self._begin_segment(sequence, length)
            try:
                self._write(frame, self._segments[-1].length)
            except OSError:
                self._give_up()
                raise
        except OSError as error:
            raise explain_os_error(self._directory, length, error) from error
        self._segments[-1].length += aligned(length)
        self._segments[-1].last = sequence

    def trim(self, acknowledged: int) -> None:
        """Remove the segments of which nothing is above `acknowledged`."""
        while self._segments and self._segments[0].last <= acknowledged:
            self.drop_oldest()

    def drop_oldest(self) -> None:
        """Remove the oldest segment, read or not."""
        segment = self._segments.pop(0)
        if not self._segments:
            self.close()
        segment_path(self._directory, segment.first).unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the newest segment."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _found(self) -> list[_Segment]:
        firsts = first_sequences(self._directory)
        paths = [segment_path(self._directory, first) for first in firsts]
        segments = [
            _Segment(first, following - 1, path.stat().st_blocks * 512)
            for first, following, path in zip(firsts, firsts[1:], paths, strict=False)
        ]
        if firsts:
            newest = _recovered(firsts[-1], paths[-1])
            self._half_frame = newest[0] if newest else None
            segments += newest
        return segments

    def _begin_segment(self, sequence: int, length: int) -> None:
        if self._sync != "none" and self._descriptor >= 0:
            os.fdatasync(self._descriptor)
        self.close()
        self._directory.mkdir(parents=True, exist_ok=True)
        path = segment_path(self._directory, sequence)
        self._room = max(self._segment_size, aligned(length))
        _make(path, self._room)
        self._descriptor = os.open(path, os.O_RDWR)
        self._segments.append(_Segment(sequence, sequence - 1, 0))
        if self._sync != "none":
            sync_directory(self._directory)

    def _write(self, frame: memoryview, offset: int) -> None:
        while frame:
            written = _write_at(self._descriptor, frame, offset)
            frame = frame[written:]
            offset += written
        if self._sync == "each" or (self._sync == "batch" and time.monotonic() - self._synced > SYNC_PERIOD):
            os.fdatasync(self._descriptor)
            self._synced = time.monotonic()

    def _give_up(self) -> None:
        segment = self._segments[-1]
        self.close()
        if segment.length:
            self._half_frame = segment
            with suppress(OSError):
                self._erase_half_frame()
        else:
            self._segments.pop()
            segment_path(self._directory, segment.first).unlink(missing_ok=True)

    def _erase_half_frame(self) -> None:
        """Take away what a refused or killed writer left: it must not be taken for the next message.

        The file is never cut, because a process that looks behind the end of a mapped file is killed; and
        what comes next begins a segment of its own.
        """
        if self._half_frame is None:
            return
        segment, path = self._half_frame, segment_path(self._directory, self._half_frame.first)
        if path.exists():
            descriptor = os.open(path, os.O_RDWR)
            try:
                _write_at(descriptor, memoryview(bytes(HEADER.size)), segment.length)
            finally:
                os.close(descriptor)
        self._half_frame = None


def _make(path: Path, room: int) -> None:
    """Make a segment, at full length under its name or not at all: a reader maps it once."""
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.ftruncate(descriptor, room)
    finally:
        os.close(descriptor)
    part.rename(path)


def _recovered(first: int, path: Path) -> list[_Segment]:
    segment = _Segment(first, 0, 0)
    for segment.last, segment.length in whole_frames(map_file(path), str(path)):
        pass
    if segment.length:
        return [segment]
    path.unlink()
    return []


def _write_at(descriptor: int, view: memoryview, offset: int) -> int:
    if hasattr(os, "pwrite"):
        return os.pwrite(descriptor, view, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.write(descriptor, view)
