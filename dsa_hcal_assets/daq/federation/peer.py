"""One peer: what it says is understood here, and what is to be said to it is said."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from dsa_hcal_assets.daq.broker.endpoints import Endpoints
from dsa_hcal_assets.daq.federation.clock import PeerClock
from dsa_hcal_assets.daq.federation.config import PeerConfig
from dsa_hcal_assets.daq.federation.live import LiveOutgoing, relay
from dsa_hcal_assets.daq.federation.protocol import (
    Ack,
    Data,
    Heartbeat,
    Live,
    LiveAck,
    Place,
    Pull,
    Refusal,
    Said,
    WrongProtocol,
    pack,
    unpack,
)
from dsa_hcal_assets.daq.federation.receiving import Receiving
from dsa_hcal_assets.daq.federation.sending import Sending
from dsa_hcal_assets.daq.federation.sockets import Received
from dsa_hcal_assets.daq.federation.surroundings import Surroundings
from dsa_hcal_assets.daq.federation.troubles import ClockSkew, PeerAway, PeerRefuses, WrongPeer
from dsa_hcal_assets.errors import PlatformError

logger = logging.getLogger(__name__)

Send = Callable[[str, bytes], bool]


class Peer:
    """One peer.

    Parameters
    ----------
    config
        What goes to it and comes from it.
    around
        This side.
    endpoints
        Where the broker here listens; None: nothing live is sent.
    send
        Sends bytes to a peer, False if there is no connection.
    """

    def __init__(
        self, config: PeerConfig, around: Surroundings, endpoints: Endpoints | None, send: Send
    ) -> None:
        self.id = config.id
        self._around = around
        self._send = send
        self._sending = Sending(config, around)
        self._receiving = Receiving(config, around)
        self.live = LiveOutgoing(endpoints, config.live, config.send) if endpoints is not None else None
        self._clock = PeerClock()
        self._heard_at = -float("inf")
        self._refused_at = -float("inf")
        self._present = False

    def heartbeat(self) -> None:
        """Say that this side is here, what it has sent and what it holds."""
        self._say(
            Heartbeat(
                self._around.config.supervisor,
                self._around.process,
                time.time_ns(),
                self._sending.producers,
                self._sending.sent(),
                self._receiving.held(),
                self.live.total if self.live is not None else 0,
            )
        )
        silent = time.monotonic() - self._heard_at
        if self._present and silent > self._around.config.away_after:
            self._present = False
            error = PeerAway(
                f"{self.id} has been silent for {silent:.1f} s",
                kept="what it is to get waits in the streams here",
            )
            self._around.troubles.note(self.id, error)

    def heard(self, came: Received) -> None:
        """Do what the peer says; what cannot be understood is noted and left."""
        try:
            self._do(*unpack(came.data, self.id))
        except WrongProtocol as error:
            self._around.troubles.note(self.id, error)
            self._refuse(error)
        except PlatformError as error:
            self._around.troubles.note(self.id, error)

    def turn(self) -> bool:
        """Append what came, send what is ready; return whether more may be ready at once."""
        for ack in self._receiving.acks():
            self._say(ack)
        busy = False
        if self._present:
            for data, pieces in self._sending.batches():
                busy |= self._say(data, pieces)
        if self.live is not None and (batch := self.live.batch()) is not None and self._present:
            busy |= self._say(*batch)
        return busy

    def status(self) -> dict[str, Any]:
        """Return what is to be known of the peer."""
        return {
            "present": self._present,
            "clock_ahead_s": self._clock.ahead,
            "sending": self._sending.status(),
            "receiving": self._receiving.status(),
            "live_sent": self.live.total if self.live is not None else 0,
            "live_dropped": self.live.dropped if self.live is not None else 0,
        }

    def close(self) -> None:
        """Let go of all streams."""
        self._sending.close()
        self._receiving.close()
        if self.live is not None:
            self.live.close()

    def _do(self, said: Said, frames: Sequence[memoryview]) -> None:
        match said:
            case Heartbeat():
                self._heartbeat(said)
            case Pull():
                self._sending.pull(said)
            case Data():
                pull = self._receiving.take(said, frames)
                if pull is not None:
                    self._say(pull)
            case Ack():
                self._sending.acknowledged(said.producer, said.session, Place(said.epoch, said.sequence))
            case Live():
                self._relay(frames)
            case LiveAck():
                if self.live is not None and said.process == self._around.process:
                    self.live.taken(said.total)
            case Refusal():
                self._around.troubles.note(
                    self.id, PeerRefuses(f"{self.id} does not talk to this side", found=said.reason)
                )

    def _heartbeat(self, said: Heartbeat) -> None:
        if said.supervisor != self.id:
            raise WrongPeer(
                f"the link with the key of {self.id} says it is {said.supervisor!r}",
                expected=self.id,
                remedy="name supervisor and key alike on both sides",
            )
        self._heard_at = time.monotonic()
        self._check_clock(said.time_ns)
        if not self._present:
            self._present = True
            logger.info("%s is there", self.id)
            self.heartbeat()
        for pull in self._receiving.missing(said.offers, said.sent):
            self._say(pull)
        for producer, (session, *held) in said.held.items():
            self._sending.acknowledged(producer, session, Place(*held))
        self._say(LiveAck(said.process, said.live_sent))

    def _check_clock(self, theirs_ns: int) -> None:
        self._clock.heard(theirs_ns, time.time_ns())
        limit = self._around.config.largest_skew
        if abs(self._clock.ahead) > limit:
            error = ClockSkew(
                f"the clock of {self.id} differs from the one here",
                expected=f"at most {limit:g} s",
                found=f"{self._clock.ahead:+.3f} s",
                kept="messages flow, with the times of the machine that sent them",
                remedy="check NTP on both machines",
            )
            self._around.troubles.note(self.id, error)

    def _relay(self, frames: Sequence[memoryview]) -> None:
        if self._around.live is not None:
            self._around.metrics.received(relay(frames, self.id, self._around.live))

    def _refuse(self, error: WrongProtocol) -> None:
        # once a heartbeat: the other side may understand the refusal as little, and answer with its own
        if time.monotonic() - self._refused_at > self._around.config.heartbeat:
            self._refused_at = time.monotonic()
            self._say(Refusal(str(error)))

    def _say(self, said: Said, pieces: Sequence[bytes | memoryview] = ()) -> bool:
        return self._send(self.id, pack(said, pieces))
