"""A job's end towards the broker: publish and forget, without ever waiting."""

import threading
import time
from collections import defaultdict
from collections.abc import Mapping

import zmq
from crc32c import crc32c

from dsa_hcal_assets.daq.broker.endpoints import Endpoints
from dsa_hcal_assets.daq.broker.wire import Notice, live_key, notice_bytes
from dsa_hcal_assets.daq.messages.frame import pack, pack_prefix
from dsa_hcal_assets.daq.messages.message import Attribute, Message
from dsa_hcal_assets.daq.messages.payload import encode

HIGH_WATER_MARK = 1000
"""Messages that wait in one socket before the next is dropped and counted."""
_COPY_BELOW = 65536
_LINGER_MS = 500


class LiveSender:
    """Sends live messages and notices to the broker; may be used from several threads.

    Each topic's messages are numbered 1, 2, 3 ... by themselves: a receiver that subscribes to some topics
    only can still say how many it missed.

    While the broker is away messages wait up to the high-water mark; those beyond it are not sent and
    counted in `refused`. ZeroMQ reconnects by itself.

    Parameters
    ----------
    endpoints
        The broker's.
    producer
        Id of the job that sends.
    high_water_mark
        Messages that may wait in the socket.

    Attributes
    ----------
    epoch
        Of the live messages of this sender; not the one of the job's stream.
    sent, refused
        Messages and notices handed to ZeroMQ, and not taken by it. What nobody subscribes to counts as
        sent, and never leaves the process.
    """

    def __init__(
        self, endpoints: Endpoints, producer: str, *, high_water_mark: int = HIGH_WATER_MARK
    ) -> None:
        self.producer = producer
        self.epoch = time.time_ns()
        self.sent = 0
        self.refused = 0
        self._sequences: defaultdict[str, int] = defaultdict(int)
        self._lock = threading.Lock()
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PUB)
        self._socket.setsockopt(zmq.SNDHWM, high_water_mark)
        # Without it a full socket would drop without saying so.
        self._socket.setsockopt(zmq.XPUB_NODROP, 1)
        self._socket.setsockopt(zmq.LINGER, _LINGER_MS)
        self._socket.connect(endpoints.publish)

    def publish(self, topic: str, value: object, attributes: Mapping[str, Attribute] | None = None) -> bool:
        """Send `value` to whoever listens now; return False if it could not be handed over.

        Raises
        ------
        BadTopic, NotEncodable, NameTooLong
            If it is no message; nothing was sent.
        """
        encoded = encode(value)
        payload = memoryview(bytearray(encoded.length))
        encoded.write(payload)
        both = {**encoded.attributes, **(attributes or {})}
        with self._lock:
            key = live_key(topic)
            prefix = pack_prefix(
                topic,
                self.producer,
                self.epoch,
                self._sequences[topic] + 1,
                time.time_ns(),
                encoded.kind,
                encoded.length,
                crc32c(payload),
                both,
            )
            self._sequences[topic] += 1
            return self._hand_over(b"".join((key, prefix.data, payload)))

    def relay(self, message: Message) -> bool:
        """Send another producer's live message as it is; return False if it could not be handed over."""
        with self._lock:
            return self._hand_over(live_key(message.topic) + pack(message))

    def notice(self, producer: str, epoch: int, sequence: int) -> bool:
        """Wake the readers of `producer`'s stream, which has grown up to (epoch, sequence)."""
        with self._lock:
            return self._hand_over(notice_bytes(Notice(producer, epoch, sequence)))

    def close(self) -> None:
        """Let go of the socket; what waits in it still has half a second to leave."""
        with self._lock:
            self._socket.close()

    def _hand_over(self, data: bytes) -> bool:
        try:
            self._socket.send(data, zmq.DONTWAIT, copy=len(data) < _COPY_BELOW)
        except zmq.Again:
            self.refused += 1
            return False
        self.sent += 1
        return True
