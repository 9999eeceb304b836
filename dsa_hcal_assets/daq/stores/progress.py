"""How far a sink has come with each producer."""

from collections.abc import Iterable, Sequence

from dsa_hcal_assets.daq.messages.message import Message

KEPT_EPOCHS = 16
"""Streams of one producer remembered; older ones have long been acknowledged."""

Entry = tuple[str, int, int]
"""Producer, epoch, last sequence."""


class Progress:
    """The last sequence of each producer and epoch."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._last = {(producer, epoch): sequence for producer, epoch, sequence in entries}

    def last(self, producer: str, epoch: int) -> int:
        """Return the last sequence, 0 before the first message."""
        return self._last.get((producer, epoch), 0)

    def advance(self, messages: Iterable[Message]) -> list[Message]:
        """Move behind `messages`; return those that were not behind already."""
        last = self._last
        fresh = []
        for message in messages:
            key = (message.producer, message.epoch)
            known = last.get(key)
            if known is None:
                self._forget_oldest(message.producer)
            elif message.sequence <= known:
                continue
            last[key] = message.sequence
            fresh.append(message)
        return fresh

    def entries(self) -> list[Entry]:
        """Return all that is known, oldest epochs first."""
        return [(producer, epoch, sequence) for (producer, epoch), sequence in self._last.items()]

    def joined(self, other: "Progress") -> "Progress":
        """Return what is behind both: the larger sequence of each producer and epoch."""
        mine, theirs = self._last, other._last
        return Progress((*key, max(mine.get(key, 0), theirs.get(key, 0))) for key in {**mine, **theirs})

    def _forget_oldest(self, producer: str) -> None:
        epochs = [key for key in self._last if key[0] == producer]
        for key in epochs[: max(0, len(epochs) - KEPT_EPOCHS + 1)]:
            del self._last[key]


def newest(messages: Sequence[Message]) -> Progress:
    """Return how far `messages` go."""
    progress = Progress()
    progress.advance(messages)
    return progress
