"""The sinks of one store job: one for each distinct set of options, each with troubles of its own."""

import time
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Generic, TypeVar

from dsa_hcal_assets.daq.identity import safe_name
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.stores.dead_letters import DeadLetters
from dsa_hcal_assets.daq.stores.interface import Sink
from dsa_hcal_assets.daq.stores.options import StoreOptions
from dsa_hcal_assets.errors import TransientError

O = TypeVar("O", bound=StoreOptions)  # noqa: E741
Place = tuple[int, int]
"""Epoch and sequence."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0


class Shelf:
    """A sink, opened by the first flush that can.

    Parameters
    ----------
    open_sink
        Opens it.

    Attributes
    ----------
    users
        Producers whose messages wait here.
    trouble
        Why the last flush failed, None if it did not.
    sink
        None until it could be opened.
    """

    def __init__(self, open_sink: Callable[[], DeadLetters]) -> None:
        self._open_sink = open_sink
        self.sink: DeadLetters | None = None
        self.users: set[str] = set()
        self.trouble: TransientError | None = None
        self._early: list[Sequence[Message]] = []
        self._pause = self._next_attempt = 0.0

    def append(self, messages: Sequence[Message]) -> None:
        """Take messages of one producer."""
        self.users.add(messages[0].producer)
        if self.sink is None:
            self._early.append(messages)
        else:
            self.sink.append(messages)

    def flush(self, now: float, *, at_once: bool) -> None:
        """Make what waits durable; after a failure only when a growing pause is over, unless `at_once`."""
        if self.trouble is not None and now < self._next_attempt and not at_once:
            return
        try:
            if self.sink is None:
                self.sink = self._open_sink()
            while self._early:
                self.sink.append(self._early[0])
                del self._early[0]
            self.sink.flush()
        except TransientError as error:
            self.trouble = error
            self._pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, 2 * self._pause))
            self._next_attempt = now + self._pause
        else:
            self.users.clear()
            self.trouble, self._pause = None, 0.0


class Shelves(Generic[O]):
    """Sinks by options.

    Parameters
    ----------
    open_sink
        Returns the sink of some options.
    letters
        Directory of the dead letters.
    clock
        Seconds, monotonic.
    """

    def __init__(
        self, open_sink: Callable[[O], Sink], letters: Path, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._open_sink = open_sink
        self._letters = letters
        self._clock = clock
        self._shelves: dict[O, Shelf] = {}
        self._waiting: dict[str, Place] = {}

    @property
    def refused(self) -> int:
        """Messages put into dead letters since this object was made."""
        return sum(sink.counts.total() for sink in self._sinks())

    @property
    def last_reason(self) -> str:
        """Why one of them was refused, empty if none was."""
        return next((sink.last_reason for sink in self._sinks() if sink.last_reason), "")

    @property
    def held(self) -> set[str]:
        """Producers with messages that wait for a sink that could not take them."""
        return {user for shelf in self._shelves.values() if shelf.trouble for user in shelf.users}

    @property
    def trouble(self) -> TransientError | None:
        """What keeps one of the sinks from taking its messages, None if nothing does."""
        return next((shelf.trouble for shelf in self._shelves.values() if shelf.trouble), None)

    def expect(self, options: O, producer: str) -> None:
        """Have a producer's sink opened by the next flush: what a killed process left may need an end."""
        if not _by_topic(options):
            self._shelf(_placed(options, producer, ""))

    def append(self, options: O, messages: Sequence[Message]) -> None:
        """Take messages of one producer, to be stored as `options` say.

        `{producer}` and `{topic}` in a path stand for the message's own.
        """
        by_topic = _by_topic(options)
        for topic, run in groupby(messages, key=lambda message: message.topic if by_topic else ""):
            together = list(run)
            self._shelf(_placed(options, together[0].producer, topic)).append(together)
        last = messages[-1]
        self._waiting[last.producer] = (last.epoch, last.sequence)

    def flush(self, *, at_once: bool = False) -> dict[str, Place]:
        """Make what waits durable; return how far each producer's messages are, where that moved.

        A sink that failed is asked again after a growing pause, or `at_once`; meanwhile messages of its
        producers wait (`held`), and no others.
        """
        now = self._clock()
        for shelf in self._shelves.values():
            shelf.flush(now, at_once=at_once)
        held = self.held
        durable = {producer: place for producer, place in self._waiting.items() if producer not in held}
        for producer in durable:
            del self._waiting[producer]
        return durable

    def close(self) -> None:
        """Close all sinks."""
        while self._shelves:
            _, shelf = self._shelves.popitem()
            if shelf.sink is not None:
                shelf.sink.close()

    def _sinks(self) -> list[DeadLetters]:
        return [shelf.sink for shelf in self._shelves.values() if shelf.sink is not None]

    def _shelf(self, options: O) -> Shelf:
        if options not in self._shelves:
            self._shelves[options] = Shelf(lambda: self._opened(options))
        return self._shelves[options]

    def _opened(self, options: O) -> DeadLetters:
        sink = self._open_sink(options)
        return DeadLetters(sink, self._letters / f"{safe_name(sink.name)}.frames")


def _by_topic(options: StoreOptions) -> bool:
    return "{topic}" in str(getattr(options, "path", ""))


def _placed(options: O, producer: str, topic: str) -> O:
    path = getattr(options, "path", None)
    if path is None:
        return options
    placed = str(path).replace("{producer}", safe_name(producer)).replace("{topic}", safe_name(topic))
    return options.model_copy(update={"path": Path(placed)})
