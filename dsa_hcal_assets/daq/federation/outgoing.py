"""The sending side of one stream: read it as its peer's reader, never further ahead than the peer allows."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from dsa_hcal_assets.daq.federation.protocol import Data, Place, Pull
from dsa_hcal_assets.daq.messages.frame import prefix_of
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.streams.interface import StreamReader

BATCH_MESSAGES = 256
BATCH_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Sent:
    place: Place
    length: int


class OutgoingStream:
    """Sends one local stream to one peer, and acknowledges in it what the peer holds.

    Parameters
    ----------
    producer
        Whose stream it is.
    open_reader
        Opens the stream as the peer's reader, at what it has not acknowledged.
    count
        Told topic and payload length of every message sent.

    Attributes
    ----------
    session, serial
        The peer's pull that is being answered, and how many `Data` it got; (0, 0) before the first.
    sent
        Messages sent in all, repetitions after a broken connection included.
    """

    def __init__(
        self, producer: str, open_reader: Callable[[], StreamReader], count: Callable[[str, int], None]
    ) -> None:
        self.producer = producer
        self.session, self.serial = 0, 0
        self.sent = 0
        self._open_reader = open_reader
        self._count = count
        # opened before anybody pulls, so that the stream holds its messages for the peer from now on
        self._reader = open_reader()
        self._held = Place(0, 0)
        self._window = (0, 0)
        self._read: deque[Message] = deque()
        self._under_way: deque[_Sent] = deque()
        self._bytes_under_way = 0

    @property
    def lost(self) -> int:
        """Messages the stream had let go before they could be sent."""
        return self._reader.lost

    @property
    def under_way(self) -> int:
        """Messages sent and not acknowledged by the peer."""
        return len(self._under_way)

    def pull(self, request: Pull) -> None:
        """Begin anew after the place the peer's mirror ends at."""
        if request.session == self.session:
            return
        self._reader.close()
        self._reader = self._open_reader()
        self._read.clear()
        self._under_way.clear()
        self._bytes_under_way = 0
        self.session, self.serial = request.session, 0
        self._held = Place(request.epoch, request.sequence)
        self._window = (request.window_messages, request.window_bytes)

    def batch(self) -> tuple[Data, list[bytes | memoryview]] | None:
        """Return the next frames to send, None if there are none or the peer has enough to do.

        They come as pieces, payloads uncopied: join them before anything is acknowledged.
        """
        pieces: list[bytes | memoryview] = []
        messages, length = 0, 0
        while messages < BATCH_MESSAGES and length < BATCH_BYTES and self._may_send():
            message = self._next()
            if message is None:
                break
            pieces += (prefix_of(message), message.payload)
            messages += 1
            length += self._note(message)
        if not messages:
            return None
        self.serial += 1
        self.sent += messages
        return Data(self.producer, self.session, self.serial), pieces

    def acknowledged(self, session: int, held: Place) -> None:
        """Let go of everything up to `held`, which the peer says its mirror ends at."""
        if session != self.session or not self._under_way or held < self._under_way[0].place:
            return
        while self._under_way and self._under_way[0].place <= held:
            self._bytes_under_way -= self._under_way.popleft().length
        self._reader.acknowledge(held.epoch, held.sequence)

    def close(self) -> None:
        """Let go of the stream; what the peer has not acknowledged stays in it."""
        self._reader.close()

    def _note(self, message: Message) -> int:
        length = len(message.payload)
        self._under_way.append(_Sent(Place(message.epoch, message.sequence), length))
        self._bytes_under_way += length
        self._count(message.topic, length)
        return length

    def _may_send(self) -> bool:
        messages, length = self._window
        return len(self._under_way) < messages and self._bytes_under_way < length

    def _next(self) -> Message | None:
        while True:
            if not self._read:
                self._read.extend(self._reader.receive(BATCH_MESSAGES))
                if not self._read:
                    return None
            message = self._read.popleft()
            if Place(message.epoch, message.sequence) > self._held:
                return message
            # the peer had appended it, and its acknowledgement was lost with the connection
            self._reader.acknowledge(message.epoch, message.sequence)
