"""Kept messages to a reading job: one open reader a producer, and what happens when the job refuses."""

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import zmq

from dsa_hcal_assets.daq.jobs.context import Input
from dsa_hcal_assets.daq.jobs.reading import ReadingJob
from dsa_hcal_assets.daq.streams.errors import ReaderRetired
from dsa_hcal_assets.daq.streams.opening import open_reader
from dsa_hcal_assets.errors import TransientError

_BATCH = 256
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0


@dataclass
class _Place:
    """An input, and when it is read next after the job could not take its messages."""

    input: Input
    pause: float = 0.0
    resume: float = 0.0


class KeptInbox:
    """Hands the messages of a reading job's inputs to it.

    Parameters
    ----------
    job
        The job; its `readers` are opened and closed here.
    clock
        Seconds, monotonic.
    """

    def __init__(self, job: ReadingJob[Any], clock: Callable[[], float] = time.monotonic) -> None:
        self._job = job
        self._clock = clock
        self._places = [_Place(one) for one in job.context.inputs]
        self.trouble = ""

    @property
    def producers(self) -> list[str]:
        """Whose streams are read."""
        return [place.input.producer for place in self._places]

    def deliver(self) -> bool:
        """Give the job what waits, at most one batch a producer; return whether there was anything."""
        anything = False
        for place in list(self._places):
            if self._clock() >= place.resume and self._job.accepts(place.input.producer):
                try:
                    anything |= self._deliver_from(place)
                except ReaderRetired:
                    self._leave(place)
        return anything

    def fall_asleep(self, poller: zmq.Poller) -> bool:
        """Have the next message wake who polls; return False if there is something to deliver already."""
        wanted = [reader for producer, reader in self._job.readers.items() if self._job.accepts(producer)]
        for reader in wanted:
            bell = reader.fileno()
            if bell is not None:
                poller.register(bell, zmq.POLLIN)
            reader.waiting = True
        try:
            return not any(reader.poll() for reader in wanted)
        except ReaderRetired:
            return False

    def wake_up(self, poller: zmq.Poller) -> None:
        """Undo `fall_asleep`."""
        for reader in self._job.readers.values():
            reader.waiting = False
            bell = reader.fileno()
            if bell is not None and bell in poller:
                poller.unregister(bell)
                with contextlib.suppress(BlockingIOError):
                    os.read(bell, 4096)

    def count_waiting(self) -> None:
        """Note in the job's metrics how many messages of each producer wait."""
        for producer, reader in self._job.readers.items():
            self._job.metrics.queued(producer, reader.behind)

    def close(self) -> None:
        """Close all readers; what was not acknowledged is delivered again to the next process."""
        for producer in list(self._job.readers):
            self._job.readers.pop(producer).close()

    def _deliver_from(self, place: _Place) -> bool:
        job, producer = self._job, place.input.producer
        reader = job.readers.get(producer)
        if reader is None:
            reader = job.readers[producer] = open_reader(
                job.context.place, producer, job.config.id, topics=place.input.topics
            )
        messages = reader.receive(_BATCH)
        if not messages:
            return False
        job.metrics.lost(producer, reader.lost)
        job.metrics.received(messages)
        last = messages[-1]
        try:
            job.receive_kept(messages)
            if job.acknowledges_on_return:
                reader.acknowledge(last.epoch, last.sequence)
        except TransientError as error:
            self._rewind(place, error)
            return False
        place.pause, self.trouble = 0.0, ""
        return True

    def _leave(self, place: _Place) -> None:
        """Stop reading a producer that the plan no longer gives to this job, which is about to end."""
        self._places.remove(place)
        self._job.readers.pop(place.input.producer).close()
        self._job.log.info("%s is no longer read here", place.input.producer)

    def _rewind(self, place: _Place, error: TransientError) -> None:
        """Have everything that was not acknowledged delivered again, after a pause."""
        self._job.readers.pop(place.input.producer).close()
        place.pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, 2 * place.pause))
        place.resume = self._clock() + place.pause
        self.trouble = f"messages of {place.input.producer} wait: {error}"
        self._job.log.warning("messages of %s are delivered again in %.1f s: %s",
                              place.input.producer, place.pause, error)  # fmt: skip
