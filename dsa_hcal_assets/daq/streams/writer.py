"""The producer's end of a stream."""

import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from dsa_hcal_assets.daq.messages.frame import pack_prefix, prefix_length
from dsa_hcal_assets.daq.messages.message import Attribute, Kind, Message
from dsa_hcal_assets.daq.messages.payload import encode
from dsa_hcal_assets.daq.one_writer import one_writer
from dsa_hcal_assets.daq.streams.configuration import StreamConfig
from dsa_hcal_assets.daq.streams.copying import copy_payload, crc_of, write_payload
from dsa_hcal_assets.daq.streams.epoch_choice import EpochChoice
from dsa_hcal_assets.daq.streams.epoch_writer import EpochWriter
from dsa_hcal_assets.daq.streams.errors import StreamMisused
from dsa_hcal_assets.daq.streams.files import StreamFiles
from dsa_hcal_assets.daq.streams.registry import Registry, register
from dsa_hcal_assets.daq.streams.tidying import tidy
from dsa_hcal_assets.errors import BadInput

REFRESH_PERIOD = 1.0
"""How often a writer looks for readers that have come, to wake them by its messages, s."""


class FileWriter:
    """Writes the stream of one producer; see `interface.StreamWriter`.

    Several threads may send; a loan keeps the others waiting.

    Parameters
    ----------
    files, producer, config
        Where, whose, and how it behaves.
    capacity
        Bytes of the ring, 0 to keep everything on disk.
    readers
        Registered before anything is sent.
    origin_epoch
        For a mirror: the epoch to go on with, 0 for the one it ended in. None draws one.
    """

    def __init__(
        self,
        files: StreamFiles,
        producer: str,
        config: StreamConfig,
        capacity: int,
        readers: Collection[str],
        *,
        origin_epoch: int | None,
    ) -> None:
        self._files = files
        self._producer = producer
        self._one_at_a_time = threading.RLock()
        self._on_loan = False
        self._closed = False
        self._now: EpochWriter | None = None
        with ExitStack() as stack:
            stack.enter_context(one_writer(files.directory))
            with files.locked():
                for name in readers:
                    register(files, name)
                tidy(files)
                self._registry = Registry(files)
            self._refreshed = time.monotonic()
            self._choice = EpochChoice(files, producer, config, capacity, self._registry)
            self._now = self._choice.resume(mirror=origin_epoch is not None)
            if origin_epoch and origin_epoch > self.epoch:
                self._begin(origin_epoch)
            elif self._now is None and origin_epoch is None:
                self._begin(self._choice.draw())
            self._resources = stack.pop_all()

    @property
    def producer(self) -> str:
        """Id of the job that writes."""
        return self._producer

    @property
    def epoch(self) -> int:
        """Epoch of the messages sent now, 0 in a mirror before the first."""
        return self._now.epoch if self._now is not None else 0

    @property
    def last_sequence(self) -> int:
        """Sequence of the newest message, 0 before the first."""
        return self._now.last if self._now is not None else 0

    def send(
        self,
        topic: str,
        value: object,
        *,
        attributes: Mapping[str, Attribute] | None = None,
        timeout: float | None = None,
    ) -> int:
        """Append `value` and return its sequence.

        Raises
        ------
        StreamFull
            If no room came within `timeout` seconds (None waits for ever); nothing was sent.
        MessageTooLarge
            If it can never fit; nothing was sent.
        NotEncodable
            If `value` cannot be sent.
        DiskFull, WriteFailed
            If it has to go to disk and the system refuses; nothing was sent.
        """
        encoded = encode(value)
        names = {**encoded.attributes, **attributes} if attributes else encoded.attributes
        with self._one_at_a_time:
            draft = self._draft(topic, names, encoded.length, timeout)
            crc = write_payload(encoded, draft.payload)
            sequence = draft.stream.last + 1
            self._publish(draft, sequence, time.time_ns(), encoded.kind, crc)
        return sequence

    @contextmanager
    def loan(
        self,
        topic: str,
        length: int,
        *,
        attributes: Mapping[str, Attribute] | None = None,
        timeout: float | None = None,
    ) -> Iterator[memoryview]:
        """Lend the place of the next message's payload, `length` bytes to be written there directly.

        The message (RAW) is sent when the context ends, and not at all if it ends by an exception. The view
        must not be used after that. Raises as `send`.
        """
        names = dict(attributes or {})
        with self._one_at_a_time:
            draft = self._draft(topic, names, length, timeout)
            self._on_loan = True
            try:
                yield draft.payload
            finally:
                self._on_loan = False
            crc = crc_of(draft.payload)
            self._publish(draft, draft.stream.last + 1, time.time_ns(), Kind.RAW, crc)

    def forward(self, message: Message, *, timeout: float | None = None) -> bool:
        """Append a message of another machine as it is; return False if it is already here.

        A message of a later epoch begins that epoch here too. Raises as `send`.
        """
        if message.producer != self._producer:
            raise BadInput(
                f"a message of {message.producer} does not belong into the stream of {self._producer}"
            )
        with self._one_at_a_time:
            if not self._closed and message.epoch > self.epoch:
                self._begin(message.epoch)
            stream = self._present()
            if (message.epoch, message.sequence) <= (stream.epoch, stream.last):
                return False
            draft = self._draft(message.topic, message.attributes, len(message.payload), timeout)
            crc = copy_payload(message.payload, draft.payload)
            self._publish(draft, message.sequence, message.time_ns, message.kind, crc)
        return True

    def readers_waiting(self) -> bool:
        """Whether a reader sleeps and would be glad of a notice; those on this machine are woken anyway."""
        return self._registry.anyone_waits()

    def close(self) -> None:
        """Let go of the stream; what was sent stays for its readers."""
        with self._one_at_a_time:
            self._closed = True
            if self._now is not None:
                self._now.close()
            self._resources.close()

    def _present(self) -> EpochWriter:
        if self._closed or self._on_loan:
            raise StreamMisused(
                f"the stream of {self._producer} was used "
                + ("after it was closed" if self._closed else "while a loan of it was open"),
                kept="everything sent before",
                remedy="open it again" if self._closed else "send after the loan has ended",
            )
        if self._now is None:
            raise StreamMisused(
                f"the mirror of {self._producer} has no epoch yet", remedy="open it with the origin's"
            )
        return self._now

    def _begin(self, epoch: int) -> None:
        if self._now is not None:
            self._now.close()
        self._now = self._choice.begin(epoch)

    def _draft(
        self, topic: str, names: Mapping[str, Attribute], length: int, timeout: float | None
    ) -> "_Draft":
        stream = self._present()
        start = prefix_length(topic, self._producer, names)
        return _Draft(stream, topic, names, stream.place(start + length, timeout), start)

    def _publish(self, draft: "_Draft", sequence: int, time_ns: int, kind: Kind, crc: int) -> None:
        stream, topic, names, place, start = draft
        length = len(place) - start
        prefix = pack_prefix(topic, self._producer, stream.epoch, sequence, time_ns, kind, length, crc, names)
        place[:start] = prefix.data
        stream.publish(place, sequence)
        now = time.monotonic()
        if now > self._refreshed + REFRESH_PERIOD:
            self._refreshed = now
            with self._files.locked():  # or a reader could be retired between its name and its cursor
                self._registry.refresh()
        self._registry.wake()


class _Draft(NamedTuple):
    """A message that has a place, and is not visible yet."""

    stream: EpochWriter
    topic: str
    names: Mapping[str, Attribute]
    place: memoryview
    start: int

    @property
    def payload(self) -> memoryview:
        return self.place[self.start :]
