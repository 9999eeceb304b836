"""The line between a job and its supervisor: signs of life up, orders down.

One ZeroMQ connection a process. Every sign of life carries a token the supervisor drew for this very
process, so that nobody else on a shared machine, and no earlier process of the job, speaks for it.
"""

from enum import StrEnum
from typing import Any

import msgspec
import zmq

LINGER_MS = 500


class Doing(StrEnum):
    """What a job's process does."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    FAILED = "failed"


class Life(msgspec.Struct, frozen=True):
    """One sign of life.

    Attributes
    ----------
    job, token
        Who.
    doing
        What it does.
    detail
        Trouble it has, in words; empty when there is none.
    interval
        Seconds between its steps.
    skipped
        Steps left out so far because an earlier one took too long.
    metrics
        Record of its counters (`statistics.JobRecord`).
    """

    job: str
    token: str
    doing: Doing
    detail: str = ""
    interval: float = 0.0
    skipped: int = 0
    metrics: dict[str, Any] | None = None


class Pause(msgspec.Struct, frozen=True, tag=True):
    """Make no more steps and take no messages."""


class Resume(msgspec.Struct, frozen=True, tag=True):
    """Go on."""


class Stop(msgspec.Struct, frozen=True, tag=True):
    """End in order."""


class SetInterval(msgspec.Struct, frozen=True, tag=True):
    """Make a step each `seconds` from now on."""

    seconds: float


Order = Pause | Resume | Stop | SetInterval

_encode = msgspec.json.Encoder().encode
_decode_order = msgspec.json.Decoder(Order).decode
_decode_life = msgspec.json.Decoder(Life).decode


def read_life(data: bytes) -> Life:
    """Return the sign of life in `data`.

    Raises
    ------
    msgspec.DecodeError
        If it is none (`msgspec.ValidationError` is one).
    """
    return _decode_life(data)


def write_order(order: Order) -> bytes:
    """Return `order` as it travels."""
    return _encode(order)


class SupervisorLine:
    """The job's end of the line; for one thread.

    Parameters
    ----------
    endpoint
        Where the supervisor listens.
    job, token
        Who speaks.
    """

    def __init__(self, endpoint: str, job: str, token: str) -> None:
        self._job, self._token = job, token
        self.socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, LINGER_MS)
        # a supervisor that is away must never hold the job up; the newest sign of life is what counts
        self.socket.setsockopt(zmq.SNDHWM, 4)
        self.socket.connect(endpoint)

    def tell(
        self,
        doing: Doing,
        detail: str = "",
        *,
        interval: float = 0.0,
        skipped: int = 0,
        metrics: dict[str, Any] | None = None,
    ) -> None:
        """Send one sign of life, or drop it when the supervisor does not listen."""
        life = Life(self._job, self._token, doing, detail, interval, skipped, metrics)
        try:
            self.socket.send(_encode(life), zmq.DONTWAIT)
        except zmq.Again:
            return

    def orders(self) -> list[Order]:
        """Return the orders that have come."""
        found: list[Order] = []
        while self.socket.poll(0):
            found.append(_decode_order(self.socket.recv(zmq.DONTWAIT)))
        return found

    def close(self) -> None:
        """Hang up; what was said last still has half a second to leave."""
        self.socket.close()
