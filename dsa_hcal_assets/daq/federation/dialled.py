"""The connection to one peer that this side opens."""

import time
from pathlib import Path

import zmq
from zmq.utils.monitor import recv_monitor_message

from dsa_hcal_assets.daq.federation.keys import KeyPair, peer_key
from dsa_hcal_assets.daq.federation.sockets import Received, encrypted, received
from dsa_hcal_assets.daq.federation.troubles import HandshakeFailed, KeyRefused, Troubles
from dsa_hcal_assets.errors import ConfigurationError, PlatformError

REDIAL_AFTER = 5.0
"""Seconds until a peer that refused is asked again; ZeroMQ by itself would never."""
_REFUSED: dict[int, type[PlatformError]] = {
    zmq.EVENT_HANDSHAKE_FAILED_AUTH: KeyRefused,
    zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL: HandshakeFailed,
}
_EVENTS = sum(_REFUSED) | zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED


class Dialled:
    """Keeps one peer dialled, whatever becomes of it; its public key says that it is the right one."""

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        peer: str,
        address: str,
        keys: Path,
        own: KeyPair,
        silence: float,
        troubles: Troubles,
    ) -> None:
        self.peer = peer
        self._context, self._address, self._keys, self._own = context, address, keys, own
        self._silence, self._troubles = silence, troubles
        self._again_at = 0.0
        self._connected = False
        self.socket: zmq.Socket[bytes] | None = None
        self.monitor: zmq.Socket[bytes] | None = None

    def dial(self) -> None:
        """Open the connection unless it is open or was refused a moment ago."""
        if self.socket is not None or time.monotonic() < self._again_at:
            return
        try:
            key = peer_key(self._keys, self.peer)
        except ConfigurationError as error:
            self._troubles.note(self.peer, error)
            self._again_at = time.monotonic() + REDIAL_AFTER
            return
        self.socket = encrypted(self._context, zmq.DEALER, self._own, self._silence)
        self.socket.setsockopt(zmq.CURVE_SERVERKEY, key)
        self.monitor = self.socket.get_monitor_socket(_EVENTS)
        self.socket.connect(self._address)

    def connected_anew(self) -> bool:
        """Look at what became of the connection; return whether it was made since the last call."""
        before = self._connected
        while self.monitor is not None and self.monitor.poll(0):
            event = recv_monitor_message(self.monitor)["event"]
            self._connected = event == zmq.EVENT_HANDSHAKE_SUCCEEDED
            before &= self._connected
            if event in _REFUSED:
                self._refused(_REFUSED[event])
        return self._connected and not before

    def receive(self) -> Received | None:
        """Return the next message, None if there is none."""
        if self.socket is None:
            return None
        try:
            return received(self.peer, self.socket.recv_multipart(zmq.DONTWAIT, copy=False))
        except zmq.Again:
            return None

    def send(self, data: bytes) -> bool:
        """Send if the connection stands; return False if not: nothing waits here, it is said anew."""
        if self.socket is None or not self._connected:
            return False
        self.socket.send(data, zmq.DONTWAIT, copy=False)
        return True

    def close(self) -> None:
        """Hang up."""
        if self.socket is not None and self.monitor is not None:
            self.socket.disable_monitor()
            self.monitor.close()
            self.socket.close()
            self.socket = self.monitor = None
            self._connected = False

    def _refused(self, kind: type[PlatformError]) -> None:
        error = kind(
            f"{self.peer} at {self._address} refused the connection",
            expected="that it knows this side's public key, and has the one known here",
            remedy="exchange the certificates own.key; another attempt follows by itself",
        )
        self._troubles.note(self.peer, error)
        self.close()
        self._again_at = time.monotonic() + REDIAL_AFTER
