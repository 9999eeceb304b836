"""The supervisor's end of all lines to its jobs."""

import logging
from collections.abc import Iterator

import msgspec
import zmq

from dsa_hcal_assets.daq.jobs.line import Life, Order, read_life, write_order

log = logging.getLogger(__name__)


class LineServer:
    """Receives signs of life and gives orders; never waits for a job.

    Parameters
    ----------
    address
        Where to listen, a ZeroMQ address; port 0 of TCP takes a free one.

    Attributes
    ----------
    endpoint
        Where jobs connect to.
    socket
        To be polled.
    """

    def __init__(self, address: str) -> None:
        self.socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.ROUTER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.bind(address)
        self.endpoint: str = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)
        self._routes: dict[str, bytes] = {}

    def lives(self) -> Iterator[Life]:
        """Yield the signs of life that have come."""
        while self.socket.poll(0):
            route, *parts = self.socket.recv_multipart()
            try:
                life = read_life(b"".join(parts))
            except msgspec.DecodeError as error:
                log.warning("something that is no sign of life came on %s: %s", self.endpoint, error)
                continue
            self._routes[life.token] = route
            yield life

    def order(self, token: str, order: Order) -> bool:
        """Give an order to the process of a token; return whether it has ever been heard of."""
        route = self._routes.get(token)
        if route is None:
            return False
        self.socket.send_multipart([route, write_order(order)])
        return True

    def forget(self, token: str) -> None:
        """Forget a process that has ended."""
        self._routes.pop(token, None)

    def close(self) -> None:
        """Stop listening."""
        self.socket.close()
