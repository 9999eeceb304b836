"""A job's end from the broker: live messages and notices, with a count of what was missed."""

import time

import zmq

from dsa_hcal_assets.daq.broker.endpoints import Endpoints
from dsa_hcal_assets.daq.broker.gaps import GapCounter
from dsa_hcal_assets.daq.broker.sender import HIGH_WATER_MARK
from dsa_hcal_assets.daq.broker.wire import Notice, content, matches, notice_key, subscription
from dsa_hcal_assets.daq.messages.frame import FrameDamaged, unpack
from dsa_hcal_assets.daq.messages.message import Message


class LiveReceiver:
    """Receives what it subscribed to, from the moment the broker knows of it. For one thread.

    A receiver too slow for what it subscribed to misses messages, never holds anybody up, and counts
    them in `gaps`. ZeroMQ reconnects by itself and repeats the subscriptions.

    Parameters
    ----------
    endpoints
        The broker's.
    high_water_mark
        Messages that may wait in the socket.

    Attributes
    ----------
    received, damaged
        Live messages delivered, and thrown away because they were not whole.
    """

    def __init__(self, endpoints: Endpoints, *, high_water_mark: int = HIGH_WATER_MARK) -> None:
        self.received = 0
        self.damaged = 0
        self._gaps = GapCounter()
        self._patterns: set[str] = set()
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
        self._socket.setsockopt(zmq.RCVHWM, high_water_mark)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(endpoints.subscribe)

    @property
    def gaps(self) -> dict[str, int]:
        """Live messages missed, by producer."""
        return self._gaps.by_producer()

    def subscribe(self, *patterns: str) -> None:
        """Receive live messages whose topic one of `patterns` takes (`stats.*`, `alert.`, `run.state`).

        Raises
        ------
        BadTopic
            If a pattern is empty or contains NUL.
        """
        for pattern in patterns:
            self._socket.setsockopt(zmq.SUBSCRIBE, subscription(pattern))
            self._patterns.add(pattern)

    def watch(self, *producers: str) -> None:
        """Receive notices about the streams of `producers`."""
        for producer in producers:
            self._socket.setsockopt(zmq.SUBSCRIBE, notice_key(producer))

    def receive(self, timeout: float = 0.0) -> Message | Notice | None:
        """Return the next message or notice, None if none came within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while self.poll(max(0.0, deadline - time.monotonic())):
            try:
                taken = self._taken(self._socket.recv(zmq.DONTWAIT))
            except FrameDamaged:
                self.damaged += 1
                continue
            if taken is not None:
                return taken
        return None

    def poll(self, timeout: float = 0.0) -> bool:
        """Return whether something came within `timeout` seconds; `receive` may still find it unwanted."""
        return bool(self._socket.poll(int(timeout * 1000)))

    def register(self, poller: zmq.Poller) -> None:
        """Let `poller` wait for what comes here, among other things."""
        poller.register(self._socket, zmq.POLLIN)

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()

    def _taken(self, data: bytes) -> Message | Notice | None:
        carried = content(data)
        if isinstance(carried, Notice):
            return carried
        message = unpack(carried, "the broker")
        if not any(matches(pattern, message.topic) for pattern in self._patterns):
            return None
        self._gaps.seen(message.producer, message.epoch, message.topic, message.sequence)
        self.received += 1
        return message
