"""One file of the log: frames one after the other, each at a multiple of 64, zeros behind the last.

The file has its full length from the beginning (without taking the room), so that readers map it once.
It is named after its first sequence.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from dsa_hcal_assets.daq.messages.frame import HEADER, MAGIC, FrameDamaged, aligned, frame_length, unpack
from dsa_hcal_assets.daq.streams.ring_file import SEQUENCE_WORD

SUFFIX = ".segment"
_MAGIC = int.from_bytes(MAGIC, "little")


def segment_path(directory: Path, first: int) -> Path:
    """Return the name of the segment whose first message is `first`."""
    return directory / f"{first:020d}{SUFFIX}"


def first_sequences(directory: Path) -> list[int]:
    """Return the first sequences of the segments in `directory`, oldest first."""
    try:
        names = [entry.name for entry in os.scandir(directory)]
    except FileNotFoundError:
        return []
    return sorted(int(name[: -len(SUFFIX)]) for name in names if name.endswith(SUFFIX))


def sequence_at(data: memoryview, offset: int) -> int:
    """Return the sequence of the frame at `offset`, 0 if none begins there."""
    if offset + HEADER.size > len(data):
        return 0
    words = data[offset : offset + HEADER.size].cast("Q")
    return int(words[SEQUENCE_WORD]) if words[0] & 0xFFFFFFFF == _MAGIC else 0


def whole_frames(data: memoryview, where: str) -> Iterator[tuple[int, int]]:
    """Yield (sequence, offset of the end) of each frame from the beginning, up to the first damaged one."""
    offset = 0
    while sequence := sequence_at(data, offset):
        try:
            unpack(data[offset:], where)
        except FrameDamaged:
            return
        offset += aligned(frame_length(data[offset:]))
        yield sequence, offset
