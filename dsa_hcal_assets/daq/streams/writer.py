"""The producer's end of a stream."""

import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dsa_hcal_assets.daq.durable_file import DiskFull
from dsa_hcal_assets.daq.messages.frame import pack_prefix, prefix_length
from dsa_hcal_assets.daq.messages.message import Attribute, Kind, Message
from dsa_hcal_assets.daq.messages.payload import encode
from dsa_hcal_assets.daq.one_writer import one_writer
from dsa_hcal_assets.daq.streams.configuration import StreamConfig
from dsa_hcal_assets.daq.streams.copying import copy_payload, crc_of, write_payload
from dsa_hcal_assets.daq.streams.epoch_reader import find_ring
from dsa_hcal_assets.daq.streams.epoch_writer import EpochWriter
from dsa_hcal_assets.daq.streams.errors import SharedMemoryFull, StreamMisused
from dsa_hcal_assets.daq.streams.files import StreamFiles
from dsa_hcal_assets.daq.streams.registry import Registry, cursors, register
from dsa_hcal_assets.daq.streams.ring_file import RingFile, create_ring, reopen_ring
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
        self._config = config
        self._capacity = capacity
        self._mirror = origin_epoch is not None
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
            self._now = self._resumed()
            if origin_epoch and origin_epoch > self.epoch:
                self._now = self._begun(origin_epoch)
            elif self._now is None and origin_epoch is None:
                self._now = self._begun(self._drawn_epoch())
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
            stream = self._present()
            place, start = self._place(stream, topic, names, encoded.length, timeout)
            crc = write_payload(encoded, place[start:])
            sequence = stream.last + 1
            self._publish(stream, place, start, topic, sequence, time.time_ns(), encoded.kind, crc, names)
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
            stream = self._present()
            place, start = self._place(stream, topic, names, length, timeout)
            self._on_loan = True
            try:
                yield place[start:]
            finally:
                self._on_loan = False
            crc, now = crc_of(place[start:]), time.time_ns()
            self._publish(stream, place, start, topic, stream.last + 1, now, Kind.RAW, crc, names)

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
                self._now = self._begun(message.epoch)
            stream = self._present()
            if (message.epoch, message.sequence) <= (stream.epoch, stream.last):
                return False
            names, topic = message.attributes, message.topic
            place, start = self._place(stream, topic, names, len(message.payload), timeout)
            crc = copy_payload(message.payload, place[start:])
            self._publish(
                stream, place, start, topic, message.sequence, message.time_ns, message.kind, crc, names
            )
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

    def _place(
        self,
        stream: EpochWriter,
        topic: str,
        names: Mapping[str, Attribute],
        length: int,
        timeout: float | None,
    ) -> tuple[memoryview, int]:
        """Return where the frame goes, and where in it the payload begins."""
        start = prefix_length(topic, self._producer, names)
        return stream.place(start + length, timeout), start

    def _publish(
        self,
        stream: EpochWriter,
        place: memoryview,
        start: int,
        topic: str,
        sequence: int,
        time_ns: int,
        kind: Kind,
        crc: int,
        names: Mapping[str, Attribute],
    ) -> None:
        prefix = pack_prefix(
            topic, self._producer, stream.epoch, sequence, time_ns, kind, len(place) - start, crc, names
        )
        place[:start] = prefix.data
        stream.publish(place, sequence)
        now = time.monotonic()
        if now > self._refreshed + REFRESH_PERIOD:
            self._refreshed = now
            self._registry.refresh()
        self._registry.wake()

    def _resumed(self) -> EpochWriter | None:
        """Return the newest epoch if it can be continued."""
        for epoch in self._files.epochs()[-1:]:
            ring = find_ring(self._files, epoch)
            if self._mirror:
                # the epoch is the origin's, so it goes on whatever is left of it, and wherever
                return self._begun(epoch) if ring is None else self._opened(reopen_ring(ring.path))
            if ring is not None and ring.path == self._ring_path(epoch) and self._suits(ring):
                return self._opened(reopen_ring(ring.path))
        return None

    def _suits(self, ring: RingFile) -> bool:
        return ring.of_this_boot and (ring.capacity, ring.policy) == (self._capacity, self._config.policy)

    def _begun(self, epoch: int) -> EpochWriter:
        if self._now is not None:
            self._now.close()
        path = self._ring_path(epoch)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._opened(create_ring(path, self._capacity, self._config.policy, epoch))
        except DiskFull as error:
            if not self._capacity:
                raise
            raise SharedMemoryFull(
                f"no room in shared memory for the ring of {self._producer}",
                expected=f"{self._capacity} bytes free below {path.parent}",
                found=error.found,
                kept="everything that was sent before",
                remedy='free some of it, give the stream a smaller size, or keep it on disk: keep = "disk"',
            ) from error

    def _opened(self, file: RingFile) -> EpochWriter:
        return EpochWriter(self._files, self._producer, self._config, file, self._registry)

    def _ring_path(self, epoch: int) -> Path:
        return self._files.ring_in_memory(epoch) if self._capacity else self._files.ring_on_disk(epoch)

    def _drawn_epoch(self) -> int:
        """Return a number above every epoch that this stream has had, whatever the clock says."""
        used = [*self._files.epochs(), *(cursor.reached.epoch for cursor in cursors(self._files))]
        return max(time.time_ns(), 1 + max(used, default=0))
