"""Frames or payloads as they are, one behind the other. A producer's change of content changes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from dsa_hcal_assets.daq.messages.frame import frame_length, prefix_of, unpack
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.stores.appending import AppendingSink, Bytes
from dsa_hcal_assets.daq.stores.file_names import day_of
from dsa_hcal_assets.daq.stores.interface import Refusal
from dsa_hcal_assets.daq.stores.options import RawOptions


@dataclass(frozen=True, slots=True)
class DayOfMessages:
    """Consecutive messages of one UTC day."""

    messages: Sequence[Message]

    @property
    def day(self) -> int:
        """UTC day, counted from 1970-01-01."""
        return day_of(self.messages[0])


class RawSink(AppendingSink[DayOfMessages]):
    """Appends messages to a binary file.

    Parameters
    ----------
    options
        See `RawOptions`.
    """

    def __init__(self, options: RawOptions) -> None:
        self._payloads_only = options.content == "payloads"
        super().__init__(options, options.path.suffix or ".raw")

    def _prepare(self, messages: Sequence[Message]) -> tuple[list[DayOfMessages], list[Refusal]]:
        days = groupby(messages, key=day_of)
        return [DayOfMessages(list(run)) for _, run in days], []

    def _bytes_of(self, pieces: Sequence[DayOfMessages]) -> list[Bytes]:
        messages = (message for piece in pieces for message in piece.messages)
        if self._payloads_only:
            return [message.payload for message in messages]
        return [part for message in messages for part in (prefix_of(message), message.payload)]


def read_frames(path: Path) -> Iterator[Message]:
    """Return the messages of a file of frames, in order.

    Raises
    ------
    FrameDamaged
        If the file is not made of whole frames.
    """
    data = memoryview(path.read_bytes())
    while data:
        yield unpack(data, str(path))
        data = data[frame_length(data) :]
