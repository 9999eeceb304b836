"""Live messages between supervisors: chosen topics, one hop, dropped and counted where the link is slow."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from dsa_hcal_assets.daq.broker.endpoints import Endpoints
from dsa_hcal_assets.daq.broker.receiver import LiveReceiver
from dsa_hcal_assets.daq.broker.sender import LiveSender
from dsa_hcal_assets.daq.broker.wire import Notice
from dsa_hcal_assets.daq.federation.incoming import mirror_name
from dsa_hcal_assets.daq.federation.protocol import Live
from dsa_hcal_assets.daq.messages.frame import pack, unpack
from dsa_hcal_assets.daq.messages.message import Message

ORIGIN = "relayed_from"
"""Attribute of a live message that came over a link: the supervisor it came from. It goes over no other."""
MOST_UNDER_WAY = 512
_BATCH = 64


class LiveOutgoing:
    """Takes live messages from the broker here for one peer. Also wakes the link when a stream has grown.

    Attributes
    ----------
    total, dropped
        Messages sent to the peer, and not sent because too many were on their way.
    """

    def __init__(self, endpoints: Endpoints, topics: Iterable[str], producers: Iterable[str]) -> None:
        self.receiver = LiveReceiver(endpoints)
        self.receiver.subscribe(*topics)
        self.receiver.watch(*producers)
        self.total, self.dropped = 0, 0
        self._taken = 0

    def batch(self) -> tuple[Live, list[bytes]] | None:
        """Return the next frames to send, None if there are none."""
        frames: list[bytes] = []
        while len(frames) < _BATCH and (message := self.receiver.receive()) is not None:
            if isinstance(message, Notice) or ORIGIN in message.attributes:
                continue
            if self.total - self._taken >= MOST_UNDER_WAY:
                self.dropped += 1
                continue
            self.total += 1
            frames.append(pack(message))
        return (Live(self.total), frames) if frames else None

    def taken(self, total: int) -> None:
        """Note that the peer has dealt with everything up to `total`, received or lost."""
        self._taken = max(self._taken, min(total, self.total))

    def close(self) -> None:
        """Stop listening."""
        self.receiver.close()


def relay(frames: Sequence[memoryview], peer: str, sender: LiveSender) -> list[Message]:
    """Publish here what came live from `peer`, its producers named `id@peer`; return the messages.

    Raises
    ------
    FrameDamaged
        If a frame is not whole.
    """
    messages = [_from(peer, unpack(frame, f"live messages of {peer}")) for frame in frames]
    for message in messages:
        sender.relay(message)
    return messages


def _from(peer: str, message: Message) -> Message:
    producer = mirror_name(message.producer, peer)
    return replace(message, producer=producer, attributes={**message.attributes, ORIGIN: peer})
