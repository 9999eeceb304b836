"""What all sinks have in common: messages are taken once, and wait until the target has them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.stores.interface import Refusal, Unstorable
from dsa_hcal_assets.daq.stores.progress import Progress

T = TypeVar("T")


class BufferedSink(ABC, Generic[T]):
    """A sink that prepares messages when they are appended and commits them when flushed.

    A subclass says what a prepared piece is (`_prepare`) and takes pieces off the front of `self._pending`
    as they become durable (`_commit`), advancing `self._stored` with them.
    """

    def __init__(self, name: str, stored: Progress | None = None) -> None:
        self.name = name
        self._stored = stored or Progress()
        self._taken = Progress(self._stored.entries())
        self._pending: list[T] = []

    def stored(self, producer: str, epoch: int) -> int:
        """Return the last sequence of this producer and epoch that is durably kept, 0 if none."""
        return self._stored.last(producer, epoch)

    def append(self, messages: Sequence[Message]) -> None:
        """Take messages; see `Sink.append`."""
        fresh = self._taken.advance(messages)
        if not fresh:
            return
        pieces, refusals = self._prepare(fresh)
        self._pending.extend(pieces)
        if refusals:
            raise Unstorable(self.name, refusals)

    def flush(self) -> None:
        """Make everything taken durable; see `Sink.flush`."""
        refusals = self._commit()
        if refusals:
            raise Unstorable(self.name, refusals)

    @abstractmethod
    def _prepare(self, messages: Sequence[Message]) -> tuple[Sequence[T], Sequence[Refusal]]: ...

    @abstractmethod
    def _commit(self) -> Sequence[Refusal]: ...

    @abstractmethod
    def close(self) -> None:
        """Let go of the target in order; see `Sink.close`."""
