"""The link process of one supervisor: streams and live topics to and from all its peers."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import zmq

from dsa_hcal_assets.daq.broker.endpoints import Endpoints
from dsa_hcal_assets.daq.broker.sender import LiveSender
from dsa_hcal_assets.daq.federation.config import LinkConfig
from dsa_hcal_assets.daq.federation.connections import Connections
from dsa_hcal_assets.daq.federation.peer import Peer
from dsa_hcal_assets.daq.federation.surroundings import Surroundings
from dsa_hcal_assets.daq.federation.troubles import Troubles
from dsa_hcal_assets.daq.statistics.metrics import JobMetrics
from dsa_hcal_assets.daq.streams.opening import StreamPlace

LINK = "link"
STATUS_TOPIC = "link.status"
_IDLE_MS = 20
"""Streams are looked at so often when no notice comes."""


def run_link(
    config: LinkConfig,
    place: StreamPlace,
    endpoints: Endpoints | None = None,
    *,
    stop: threading.Event | None = None,
    beat: Callable[[], None] = lambda: None,
) -> None:
    """Be the link until `stop` is set; tells its counters live as `stats.link`, its peers as `link.status`.

    Parameters
    ----------
    config
        Peers, keys, and what goes where.
    place
        Where the streams of this supervisor lie, mirrors included.
    endpoints
        Where the broker listens; None: nothing live is sent on, streams flow all the same.
    stop
        Ends it within a fraction of a second.
    beat
        Called every `config.heartbeat` seconds.

    Raises
    ------
    KeyMissing, KeyInvalid, KeyExposed
        If this supervisor has no keys of its own.
    EndpointInUse, EndpointInvalid
        If nothing can listen at the configured address.
    """
    stop = stop or threading.Event()
    with Link(config, place, endpoints) as link:
        while not stop.is_set():
            link.turn()
            if link.heartbeat_is_due():
                link.heartbeat()
                beat()


class Link:
    """All peers and the connections to them, in one thread. Use as a context."""

    def __init__(self, config: LinkConfig, place: StreamPlace, endpoints: Endpoints | None) -> None:
        self._config = config
        self._busy = False
        self._beat_at = time.monotonic()
        with ExitStack() as stack:
            troubles = Troubles()
            self._connections = stack.enter_context(Connections(config, troubles))
            live = LiveSender(endpoints, LINK) if endpoints is not None else None
            if live is not None:
                stack.callback(live.close)
            metrics = JobMetrics(config.supervisor, LINK, LINK)
            self._around = Surroundings(config, place, live, metrics, troubles)
            self._peers: dict[str, Peer] = {}
            for its in config.peers:
                peer = Peer(its, self._around, endpoints, self._connections.send)
                stack.callback(peer.close)
                self._peers[its.id] = peer
            self._stack = stack.pop_all()

    def __enter__(self) -> "Link":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def turn(self) -> None:
        """Wait a moment for something to do, then do what there is."""
        self._connections.dial()
        self._wait()
        for name in self._connections.new():
            self._peers[name].heartbeat()
        for came in self._connections.receive():
            self._peers[came.peer].heard(came)
        self._busy = False
        for peer in self._peers.values():
            self._busy |= peer.turn()

    def heartbeat_is_due(self) -> bool:
        """Return whether it is time for the next heartbeat."""
        return time.monotonic() >= self._beat_at

    def heartbeat(self) -> None:
        """Tell the peers that this side is here, and whoever listens here how things are."""
        self._beat_at = time.monotonic() + self._config.heartbeat
        for peer in self._peers.values():
            peer.heartbeat()
        status = self.status()
        if self._around.live is not None:
            self._around.live.publish(STATUS_TOPIC, status)
            self._around.live.publish(self._around.metrics.topic, self._around.metrics.as_record())

    def status(self) -> dict[str, Any]:
        """Return what is to be known of each peer, and how often each kind of trouble was met."""
        peers = {name: peer.status() for name, peer in self._peers.items()}
        return {"peers": peers, "troubles": self._around.troubles.counts()}

    def _wait(self) -> None:
        poller = zmq.Poller()
        self._connections.register(poller)
        for peer in self._peers.values():
            if peer.live is not None:
                peer.live.receiver.register(poller)
        until_beat = max(0.0, self._beat_at - time.monotonic())
        poller.poll(0 if self._busy else min(_IDLE_MS, int(until_beat * 1000)))
