"""The sinks of one store job: one for each distinct set of options, opened when something comes for it."""

from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Generic, TypeVar

from dsa_hcal_assets.daq.identity import safe_name
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.stores.dead_letters import DeadLetters
from dsa_hcal_assets.daq.stores.interface import Sink, SinkUnavailable
from dsa_hcal_assets.daq.stores.options import StoreOptions
from dsa_hcal_assets.errors import PermanentError, TransientError

O = TypeVar("O", bound=StoreOptions)  # noqa: E741
Place = tuple[int, int]
"""Epoch and sequence."""


class NotOpened(PermanentError):
    """A sink cannot be opened now; its job ends, and is started again after a while."""


class Shelves(Generic[O]):
    """Sinks by options.

    Parameters
    ----------
    open_sink
        Returns the sink of some options.
    letters
        Directory of the dead letters.
    """

    def __init__(self, open_sink: Callable[[O], Sink], letters: Path) -> None:
        self._open_sink = open_sink
        self._letters = letters
        self._sinks: dict[O, DeadLetters] = {}
        self._waiting: dict[str, Place] = {}
        self._users: dict[O, set[str]] = {}

    @property
    def refused(self) -> int:
        """Messages put into dead letters since this object was made."""
        return sum(sink.counts.total() for sink in self._sinks.values())

    @property
    def last_reason(self) -> str:
        """Why one of them was refused, empty if none was."""
        return next((sink.last_reason for sink in self._sinks.values() if sink.last_reason), "")

    def append(self, options: O, messages: Sequence[Message]) -> None:
        """Take messages of one producer, to be stored as `options` say.

        `{producer}` and `{topic}` in a path stand for the message's own.
        """
        by_topic = "{topic}" in str(getattr(options, "path", ""))
        for topic, run in groupby(messages, key=lambda message: message.topic if by_topic else ""):
            together = list(run)
            placed = _placed(options, together[0].producer, topic)
            self._sink(placed).append(together)
            self._users.setdefault(placed, set()).add(together[0].producer)
        last = messages[-1]
        self._waiting[last.producer] = (last.epoch, last.sequence)

    def flush(self) -> tuple[dict[str, Place], list[SinkUnavailable]]:
        """Make what waits durable.

        Returns
        -------
        How far each producer's messages are durable, where that moved, and what kept other sinks from it;
        their messages wait.
        """
        failures = []
        held: set[str] = set()
        for options, sink in self._sinks.items():
            try:
                sink.flush()
                self._users.pop(options, None)
            except SinkUnavailable as error:
                failures.append(error)
                held |= self._users.get(options, set())
        durable = {producer: place for producer, place in self._waiting.items() if producer not in held}
        for producer in durable:
            del self._waiting[producer]
        return durable, failures

    def close(self) -> None:
        """Close all sinks."""
        while self._sinks:
            self._sinks.popitem()[1].close()

    def _sink(self, options: O) -> DeadLetters:
        if options not in self._sinks:
            try:
                sink = self._open_sink(options)
            except TransientError as error:
                # not to be tried again beside messages that other sinks hold: their memory would be lost
                raise NotOpened(
                    f"a sink cannot be opened: {error.what}",
                    found=error.found,
                    kept="messages wait in their streams",
                    remedy=error.remedy,
                ) from error
            self._sinks[options] = DeadLetters(sink, self._letters / f"{safe_name(sink.name)}.frames")
        return self._sinks[options]


def _placed(options: O, producer: str, topic: str) -> O:
    path = getattr(options, "path", None)
    if path is None:
        return options
    placed = str(path).replace("{producer}", safe_name(producer)).replace("{topic}", safe_name(topic))
    return options.model_copy(update={"path": Path(placed)})
