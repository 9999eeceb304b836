"""Where peers connect."""

import zmq
from zmq.utils.monitor import recv_monitor_message

from dsa_hcal_assets.daq.broker.endpoints import listen
from dsa_hcal_assets.daq.federation.admission import DOMAIN, Admission
from dsa_hcal_assets.daq.federation.keys import KeyPair
from dsa_hcal_assets.daq.federation.sockets import Received, encrypted, received
from dsa_hcal_assets.daq.federation.troubles import HandshakeFailed, Troubles

# Without detail: the other side gave up, as one does that finds no common mechanism.
_FAILED = zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL


class Listener:
    """One TCP port for all peers; each message is known by the key its connection was let in with.

    Raises
    ------
    EndpointInUse, EndpointInvalid
        If nothing can listen there.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        address: str,
        own: KeyPair,
        silence: float,
        admission: Admission,
        troubles: Troubles,
    ) -> None:
        self._admission = admission
        self._troubles = troubles
        self._routes: dict[str, bytes] = {}
        self.socket = encrypted(context, zmq.ROUTER, own, silence)
        self.socket.setsockopt(zmq.CURVE_SERVER, 1)
        self.socket.setsockopt(zmq.ZAP_DOMAIN, DOMAIN.encode())
        self.socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self.monitor = self.socket.get_monitor_socket(_FAILED)
        listen(self.socket, address)

    def receive(self) -> tuple[Received, bool] | None:
        """Return the next message and whether its connection is new; None if there is none."""
        while True:
            try:
                route, *parts = self.socket.recv_multipart(zmq.DONTWAIT, copy=False)
            except zmq.Again:
                return None
            peer = self._admission.owner(str(parts[0].get("User-Id")))
            if peer is not None:
                new = self._routes.get(peer) != route.bytes
                self._routes[peer] = route.bytes
                return received(peer, parts), new

    def send(self, peer: str, data: bytes) -> bool:
        """Send to a peer that is connected; return False if it is not."""
        route = self._routes.get(peer)
        if route is None:
            return False
        try:
            self.socket.send_multipart([route, data], zmq.DONTWAIT, copy=False)
        except zmq.ZMQError:
            del self._routes[peer]
            return False
        return True

    def note_failures(self) -> None:
        """Note connections that came to nothing."""
        while self.monitor.poll(0):
            recv_monitor_message(self.monitor)
            error = HandshakeFailed(
                "a connection from outside came to nothing",
                expected="CURVE, and this side's public key",
                remedy="if it is a peer, give it this side's certificate",
            )
            self._troubles.note("", error)

    def close(self) -> None:
        """Stop listening."""
        self.socket.disable_monitor()
        self.monitor.close()
        self.socket.close()
