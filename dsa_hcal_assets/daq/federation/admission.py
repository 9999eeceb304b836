"""Who may connect: ZeroMQ asks here for every new connection, by its public key."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import zmq
from zmq.auth.thread import ThreadAuthenticator

from dsa_hcal_assets.daq.federation.keys import peer_key
from dsa_hcal_assets.daq.federation.troubles import KeyRefused, Troubles
from dsa_hcal_assets.errors import ConfigurationError

DOMAIN = "federation"


class Admission:
    """The list of keys that are let in: those of the configured peers, as they are on disk at that moment.

    Parameters
    ----------
    directory
        Of keys.
    peers
        Ids of the supervisors that may connect.
    troubles
        Where refusals are noted.
    """

    def __init__(self, directory: Path, peers: Iterable[str], troubles: Troubles) -> None:
        self._directory = directory
        self._peers = tuple(peers)
        self._troubles = troubles
        self._lock = threading.Lock()
        self._owners: dict[str, str] = {}

    def owner(self, key: str) -> str | None:
        """Return the peer that was let in with `key` (Z85)."""
        with self._lock:
            return self._owners.get(key)

    def callback(self, domain: str, key: bytes) -> bool:  # noqa: ARG002 - as zmq.auth calls it
        """Say whether a connection with the public key `key` (Z85) is let in (called by `zmq.auth`)."""
        for peer in self._peers:
            try:
                known = peer_key(self._directory, peer) == key
            except ConfigurationError as error:
                self._troubles.note(peer, error)
                continue
            if known:
                with self._lock:
                    self._owners[key.decode()] = peer
                return True
        text = key.decode()
        self._troubles.note(
            text,
            KeyRefused(
                f"a connection with the public key {text} was refused",
                expected=f"the key of one of {', '.join(self._peers)}",
                remedy="if it is a peer's, add its certificate to the directory of keys",
            ),
        )
        return False


@contextmanager
def admitting(context: "zmq.Context[zmq.Socket[bytes]]", admission: Admission) -> Iterator[None]:
    """Answer ZeroMQ's questions about connections in `context`, in a thread of its own."""
    authenticator = ThreadAuthenticator(context)
    authenticator.configure_curve_callback(DOMAIN, admission)
    authenticator.start()
    try:
        yield
    finally:
        authenticator.stop()
