"""The counters of one running job, and the record of them that it publishes each second."""

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.statistics.counters import (
    OTHER_TOPICS,
    Counters,
    Direction,
    Route,
    RouteTraffic,
    Traffic,
)
from dsa_hcal_assets.daq.statistics.latency import LatencyHistogram
from dsa_hcal_assets.errors import BadInput

TOPIC_PREFIX = "stats."
MOST_ROUTES = 256
"""Routes a job lists; topics after that are counted together, so that no topic scheme fills the memory."""


class BadRecord(BadInput):
    """A message of the statistics' topics is not a record of a job."""


@dataclass(frozen=True, slots=True)
class JobRecord:
    """What a job said about itself at one moment; cumulative, so a record that is lost costs nothing.

    Attributes
    ----------
    supervisor, job, job_type
        Who: the job's id is unique within its supervisor, its type is not.
    process
        Process id.
    began_ns, time_ns
        When the process began to count and when this was said, UTC, nanoseconds since 1970. A record
        with another `began_ns` is another process, whose counters began at 0.
    restarts
        How often the supervisor had started the job again.
    counters
        See there.
    queues
        Messages that wait at this moment, by queue (a producer whose stream is read, or a queue's name).
    lost
        Kept messages that the job has missed since it became a reader of a stream, by producer: the
        stream's policy let them go. The stream remembers the number over restarts, so it is no counter.
    """

    supervisor: str
    job: str
    job_type: str
    process: int
    began_ns: int
    time_ns: int
    restarts: int = 0
    counters: Counters = field(default_factory=Counters)
    queues: Mapping[str, int] = field(default_factory=dict)
    lost: Mapping[str, int] = field(default_factory=dict)

    def as_record(self) -> dict[str, Any]:
        """Return what JSON can say."""
        record: dict[str, Any] = msgspec.to_builtins(self, str_keys=True)
        return record

    @classmethod
    def from_record(cls, record: object) -> "JobRecord":
        """Return the record that `as_record` made a dict of.

        Raises
        ------
        BadRecord
            If it is something else.
        """
        try:
            return msgspec.convert(record, cls, str_keys=True)
        except msgspec.ValidationError as error:
            raise BadRecord(
                "a message of the statistics is not a record of a job", found=str(error)
            ) from error


class JobMetrics:
    """Counts what one job sends and receives; any of its threads may call.

    Parameters
    ----------
    supervisor, job, job_type
        Who counts.
    restarts
        How often the supervisor has started this job again.
    clock_ns
        UTC, nanoseconds since 1970: the clock messages are stamped with.
    """

    def __init__(
        self,
        supervisor: str,
        job: str,
        job_type: str,
        *,
        restarts: int = 0,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.supervisor, self.job, self.job_type = supervisor, job, job_type
        self.restarts = restarts
        self._clock_ns = clock_ns
        self._began_ns = clock_ns()
        self._lock = threading.Lock()
        # messages, bytes, time of the last: a list because a frozen Traffic a message costs a microsecond
        self._routes: dict[tuple[Direction, str, str], list[int]] = {}
        self._latency = LatencyHistogram()
        self._dropped = 0
        self._gaps: dict[str, int] = {}
        self._lost: dict[str, int] = {}
        self._queues: dict[str, int] = {}

    @property
    def topic(self) -> str:
        """Topic the record is published on."""
        return TOPIC_PREFIX + self.job

    def sent(self, topic: str, length: int) -> None:
        """Count one message that went out with a payload of `length` bytes."""
        now = self._clock_ns()
        with self._lock:
            self._count(Direction.OUT, self.job, topic, length, now)

    def received(self, messages: Sequence[Message]) -> None:
        """Count messages that were handed to the job, and how old they were then."""
        now = self._clock_ns()
        with self._lock:
            for message in messages:
                self._count(Direction.IN, message.producer, message.topic, len(message.payload), now)
                self._latency.add(now - message.time_ns)

    def dropped(self, count: int = 1) -> None:
        """Count live messages that could not be handed to the broker."""
        with self._lock:
            self._dropped += count

    def missed(self, producer: str, total: int) -> None:
        """Note how many live messages of `producer` this process has missed in all."""
        with self._lock:
            self._gaps[producer] = total

    def lost(self, producer: str, total: int) -> None:
        """Note how many kept messages of `producer` this job has missed in all (`StreamReader.lost`)."""
        with self._lock:
            self._lost[producer] = total

    def queued(self, queue: str, depth: int) -> None:
        """Note how many messages wait in `queue` now."""
        with self._lock:
            self._queues[queue] = depth

    def record(self) -> JobRecord:
        """Return all counters of this moment."""
        with self._lock:
            routes = tuple(
                RouteTraffic(Route(*key), Traffic(*counted)) for key, counted in self._routes.items()
            )
            counters = Counters(routes, self._latency.copy(), self._dropped, dict(self._gaps))
            queues, lost = dict(self._queues), dict(self._lost)
        return JobRecord(
            self.supervisor,
            self.job,
            self.job_type,
            os.getpid(),
            self._began_ns,
            self._clock_ns(),
            self.restarts,
            counters,
            queues,
            lost,
        )

    def as_record(self) -> dict[str, Any]:
        """Return `record()` as what JSON can say: the value to publish on `topic`."""
        return self.record().as_record()

    def _count(self, direction: Direction, producer: str, topic: str, length: int, now: int) -> None:
        key = (direction, producer, topic)
        counted = self._routes.get(key)
        if counted is None:
            if len(self._routes) >= MOST_ROUTES:
                key = (direction, "", OTHER_TOPICS)
            counted = self._routes.setdefault(key, [0, 0, 0])
        counted[0] += 1
        counted[1] += length
        counted[2] = now
