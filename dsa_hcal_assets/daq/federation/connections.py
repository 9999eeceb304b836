"""Connections to all peers: some this side opens, others come in.

A message goes out by the connection this side opened if it is to open one, otherwise by the one the peer
was last heard on. What cannot be sent now is not kept: the protocol repeats it.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import zmq

from dsa_hcal_assets.daq.federation.admission import Admission, admitting
from dsa_hcal_assets.daq.federation.config import LinkConfig
from dsa_hcal_assets.daq.federation.dialled import Dialled
from dsa_hcal_assets.daq.federation.keys import own_keys
from dsa_hcal_assets.daq.federation.listener import Listener
from dsa_hcal_assets.daq.federation.sockets import Received
from dsa_hcal_assets.daq.federation.troubles import Troubles

_MESSAGES_A_TURN = 64


class Connections:
    """All connections of a link. Use as a context.

    Raises
    ------
    KeyMissing, KeyInvalid, KeyExposed
        If this supervisor has no keys of its own.
    EndpointInUse, EndpointInvalid
        If nothing can listen at the configured address.
    """

    def __init__(self, config: LinkConfig, troubles: Troubles) -> None:
        with ExitStack() as stack:
            own = own_keys(config.keys)
            context: zmq.Context[zmq.Socket[bytes]] = stack.enter_context(zmq.Context())
            silence = config.away_after
            self._listener: Listener | None = None
            if config.listen is not None:
                admission = Admission(config.keys, (peer.id for peer in config.peers), troubles)
                stack.enter_context(admitting(context, admission))
                self._listener = Listener(context, config.listen, own, silence, admission, troubles)
                stack.callback(self._listener.close)
            self._dialled = {
                peer.id: Dialled(context, peer.id, peer.address, config.keys, own, silence, troubles)
                for peer in config.peers
                if peer.address is not None
            }
            for dialled in self._dialled.values():
                stack.callback(dialled.close)
            self._stack = stack.pop_all()
        self._new: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def register(self, poller: zmq.Poller) -> None:
        """Let `poller` wait for messages, and for connections that come or go."""
        sockets = [(one.socket, one.monitor) for one in self._dialled.values()]
        if self._listener is not None:
            sockets.append((self._listener.socket, self._listener.monitor))
        for pair in sockets:
            for one in pair:
                if one is not None:
                    poller.register(one, zmq.POLLIN)

    def dial(self) -> None:
        """Open the connections that are to be opened and are not."""
        for dialled in self._dialled.values():
            dialled.dial()

    def new(self) -> set[str]:
        """Return the peers that a new connection stands to since the last call."""
        self._new.update(peer for peer, dialled in self._dialled.items() if dialled.connected_anew())
        if self._listener is not None:
            self._listener.note_failures()
        new, self._new = self._new, set()
        return new

    def receive(self) -> Iterator[Received]:
        """Return what has come, so much that nobody else waits long."""
        for _ in range(_MESSAGES_A_TURN):
            came = list(self._one_of_each())
            if not came:
                return
            yield from came

    def send(self, peer: str, data: bytes) -> bool:
        """Send to `peer` if a connection to it stands; return False if not."""
        dialled = self._dialled.get(peer)
        if dialled is not None:
            return dialled.send(data)
        return self._listener is not None and self._listener.send(peer, data)

    def _one_of_each(self) -> Iterator[Received]:
        for dialled in self._dialled.values():
            came = dialled.receive()
            if came is not None:
                yield came
        if self._listener is not None and (pair := self._listener.receive()) is not None:
            came, new = pair
            if new:
                self._new.add(came.peer)
            yield came
