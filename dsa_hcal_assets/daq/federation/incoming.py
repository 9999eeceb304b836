"""The receiving side of one stream: pull it, append it to its mirror, say how far the mirror goes."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dsa_hcal_assets.daq.federation.protocol import Ack, Data, Place, Pull
from dsa_hcal_assets.daq.messages.frame import unpack
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.streams.errors import StreamFull
from dsa_hcal_assets.daq.streams.interface import StreamWriter


def mirror_name(producer: str, supervisor: str) -> str:
    """Return the id under which `producer` of another `supervisor` is known here."""
    return f"{producer}@{supervisor}"


@dataclass(frozen=True, slots=True)
class Window:
    """What may be on its way in one stream."""

    messages: int
    bytes: int


class IncomingStream:
    """Takes one stream of one peer into a mirror stream, every message once and in order.

    The mirror says what is there: a message at or before its end is a repetition and left out, so it
    does not matter when which process dies.

    Parameters
    ----------
    producer, supervisor
        Whose stream it is, over there.
    mirror
        The stream here that it is appended to.
    window
        What the peer may send ahead of acknowledgements.

    Attributes
    ----------
    session
        Number of the pull that is being answered.
    appended, repeated
        Messages appended, and left out because the mirror had them.
    holes
        Messages that the other side could not send any more, by the numbers that are missing.
    """

    def __init__(self, producer: str, supervisor: str, mirror: StreamWriter, window: Window) -> None:
        self.producer = producer
        self.name = mirror_name(producer, supervisor)
        self.session = time.time_ns()
        self.appended, self.repeated, self.holes = 0, 0, 0
        self._window = window
        self._mirror = mirror
        self._serial = 0
        self._waiting: deque[Message] = deque()
        self._acknowledged = self.end

    @property
    def end(self) -> Place:
        """Where the mirror ends."""
        return Place(self._mirror.epoch, self._mirror.last_sequence)

    @property
    def waiting(self) -> int:
        """Messages received that the mirror has no room for."""
        return len(self._waiting)

    def missing(self, sent: tuple[int, int] | None) -> Pull | None:
        """Return what to ask for if not all came up to the (session, serial) that the peer `sent` last.

        What the peer says of this must have come by the same connection as its data, behind it.
        """
        if sent == (self.session, self._serial):
            return None
        # A pull that nothing came of may still be on its way, and is only said again.
        if self._serial or (sent is not None and sent[0] == self.session):
            return self.pull_anew()
        return self._pull()

    def pull_anew(self) -> Pull:
        """Return the request for what follows the mirror's end, as a new session."""
        self.session += 1
        self._serial = 0
        self._waiting.clear()
        return self._pull()

    def take(self, data: Data, frames: Sequence[memoryview]) -> bool:
        """Take over `frames`; return False if some before them are missing, and a new pull is due.

        Raises
        ------
        FrameDamaged
            If a frame is not what was sent; a new pull is due.
        """
        if data.session != self.session or data.serial <= self._serial:
            return True
        if data.serial > self._serial + 1:
            return False
        messages = [unpack(frame, f"what came of {self.name}") for frame in frames]
        self._serial = data.serial
        self._waiting.extend(replace(message, producer=self.name) for message in messages)
        return True

    def append(self) -> list[Message]:
        """Append what the mirror has room for; return the messages appended."""
        appended: list[Message] = []
        while self._waiting:
            message, before = self._waiting[0], self.end
            try:
                new = self._mirror.forward(message, timeout=0.0)
            except StreamFull:
                break
            self._waiting.popleft()
            if new:
                self.holes += _missing(before, message)
                appended.append(message)
            else:
                self.repeated += 1
        self.appended += len(appended)
        return appended

    def ack(self) -> Ack | None:
        """Return where the mirror ends, None if that has been told already."""
        if self.end == self._acknowledged:
            return None
        self._acknowledged = self.end
        return Ack(self.producer, self.session, *self.end)

    def close(self) -> None:
        """Let go of the mirror."""
        self._mirror.close()

    def _pull(self) -> Pull:
        return Pull(self.producer, self.session, *self.end, self._window.messages, self._window.bytes)


def _missing(before: Place, message: Message) -> int:
    """Return how many numbers are left out between two messages; none before the first one ever."""
    if not before.sequence:
        return 0
    return message.sequence - 1 - (before.sequence if message.epoch == before.epoch else 0)
