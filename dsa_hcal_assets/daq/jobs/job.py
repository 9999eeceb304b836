"""The base class of every job: typed configuration, a life cycle, sending, metrics."""

import logging
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar, Generic, TypeVar

from dsa_hcal_assets.daq.broker.sender import LiveSender
from dsa_hcal_assets.daq.jobs.config import JobConfig
from dsa_hcal_assets.daq.jobs.context import JobContext
from dsa_hcal_assets.daq.messages.message import Attribute, Message
from dsa_hcal_assets.daq.messages.payload import encode
from dsa_hcal_assets.daq.statistics.metrics import JobMetrics
from dsa_hcal_assets.daq.streams.errors import StreamFull
from dsa_hcal_assets.daq.streams.opening import open_writer
from dsa_hcal_assets.daq.streams.writer import FileWriter
from dsa_hcal_assets.errors import TransientError

C = TypeVar("C", bound=JobConfig)
T = TypeVar("T")
_PATIENCE_SECONDS = 0.25


class JobStopping(TransientError):
    """The job was asked to end while `send` waited for room; this message was not sent."""


class Job(Generic[C]):
    """One job. Subclass it, set `Config`, and override what the job does.

    All methods are called by one thread, the loop's. A `TransientError` out of `step` or `receive` is
    logged and shown in the status, and the job goes on; any other error ends the process, which the
    supervisor starts again.

    Parameters
    ----------
    config
        What the job's file says.
    context
        Its surroundings.

    Attributes
    ----------
    config, context
        As given.
    metrics
        Counts what is sent and received; published on `stats.<id>` each second by the loop.
    stopping
        Set when the job is to end; a long step should look.
    finished
        Whether the job ended by itself (`finish`).
    log
        Its logger; lines end up as JSON in the job's log.
    """

    Config: ClassVar[type[JobConfig]] = JobConfig

    def __init__(self, config: C, context: JobContext) -> None:
        self.config = config
        self.context = context
        self.metrics = JobMetrics(context.supervisor, config.id, config.type, restarts=context.restarts)
        self.stopping = threading.Event()
        self.finished = False
        self.log = logging.getLogger(f"job.{config.type}")
        self._sign_of_life: Callable[[str], None] = lambda doing: None  # noqa: ARG005
        self._sending = threading.Lock()
        self._writer: FileWriter | None = None
        self._live: LiveSender | None = None

    # --- what a job type overrides ---

    def setup(self) -> None:
        """Prepare: open devices and files. An error counts as a failed start."""

    def step(self) -> None:
        """Do the regular work, each `config.interval` while not paused."""

    def receive(self, message: Message) -> None:
        """Take one live message of a topic in `config.subscribe`."""

    def teardown(self) -> None:
        """Close what `setup` opened; called at every end except a kill, also when `setup` failed."""

    # --- what a job may use ---

    def send(self, topic: str, value: object, **attributes: Attribute) -> int:
        """Append a message to the job's stream, where it outlives this process, and return its sequence.

        Waits for room as the stream's policy says (the supervisor sees the job as blocked, not as hung).
        Any thread may call.

        Raises
        ------
        JobStopping
            If the job was asked to end while waiting; the message was not sent.
        MessageTooLarge, NotEncodable
            If it can never be sent.
        """
        encoded = encode(value)
        with self._sending:
            writer = self._open_writer()
            sequence = self._when_room(
                topic,
                lambda: writer.send(topic, encoded, attributes=attributes, timeout=_PATIENCE_SECONDS),
            )
        self._note_sent(topic, encoded.length, writer.epoch, sequence)
        live = self._open_live()
        if (
            live is not None
            and encoded.length <= self.config.live_copy
            and not live.publish(topic, encoded, attributes)
        ):
            self.metrics.dropped()
        return sequence

    @contextmanager
    def loan(self, topic: str, length: int, **attributes: Attribute) -> Iterator[memoryview]:
        """Lend the place of the next message's payload, to be written there without a copy.

        The message, of `length` bytes, is sent when the context ends, and not at all if an error ends it.
        The view is the caller's within the context only. `dtype` and `shape` among the attributes make it
        an array for its readers. Raises as `send`.
        """
        with self._sending, ExitStack() as lent:
            writer = self._open_writer()
            yield self._when_room(
                topic,
                lambda: lent.enter_context(
                    writer.loan(topic, length, attributes=attributes, timeout=_PATIENCE_SECONDS)
                ),
            )
            lent.close()
            sequence = writer.last_sequence
        self._note_sent(topic, length, writer.epoch, sequence)

    def publish(self, topic: str, value: object, **attributes: Attribute) -> None:
        """Send a message to whoever listens at this moment; it may be lost, and is counted then."""
        encoded = encode(value)
        live = self._open_live()
        if live is None or not live.publish(topic, encoded, attributes):
            self.metrics.dropped()
        else:
            self.metrics.sent(topic, encoded.length)

    def sign_of_life(self, doing: str = "busy") -> None:
        """Tell the supervisor that a step that takes longer than `config.hang_after` does not hang."""
        self._sign_of_life(doing)

    def finish(self) -> None:
        """End the job in order after this step, for good."""
        self.finished = True
        self.stopping.set()

    # --- what the loop uses ---

    def attach(self, sign_of_life: Callable[[str], None]) -> None:
        """Have `sign_of_life(what it does)` called while the job waits inside a step."""
        self._sign_of_life = sign_of_life

    def publish_record(self, record: dict[str, Any]) -> None:
        """Publish a record of the metrics, which does not count itself."""
        live = self._open_live()
        if live is not None and not live.publish(self.metrics.topic, record):
            self.metrics.dropped()

    def publish_trace(self, error: Exception) -> None:
        """Publish an error that ends the job on `trace.<id>`, with its traceback; the log has it as well."""
        trace = {
            "error": type(error).__name__,
            "message": str(error),
            "traceback": "".join(traceback.format_exception(error)),
        }
        self.publish(f"trace.{self.config.id}", trace)

    def close(self) -> None:
        """Let go of the stream and the broker."""
        with self._sending:
            if self._writer is not None:
                self._writer.close()
            if self._live is not None:
                self._live.close()
            self._writer = self._live = None

    def _when_room(self, topic: str, attempt: Callable[[], T]) -> T:
        while True:
            try:
                return attempt()
            except StreamFull as error:
                if self.stopping.is_set():
                    raise JobStopping(
                        f"{self.config.id} ends while {topic!r} waits for room in its stream",
                        kept="nothing of this message was sent; all sent before it is kept",
                    ) from error
                self.sign_of_life("blocked: its stream is full")

    def _note_sent(self, topic: str, length: int, epoch: int, sequence: int) -> None:
        self.metrics.sent(topic, length)
        live = self._open_live()
        if live is not None and not live.notice(self.config.id, epoch, sequence):
            self.metrics.dropped()

    def _open_writer(self) -> FileWriter:
        if self._writer is None:
            self._writer = open_writer(
                self.context.place, self.config.id, self.config.stream, self.context.readers
            )
        return self._writer

    def _open_live(self) -> LiveSender | None:
        if self._live is None and self.context.endpoints is not None:
            self._live = LiveSender(self.context.endpoints, self.config.id)
        return self._live
