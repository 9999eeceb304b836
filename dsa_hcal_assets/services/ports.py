"""TCP ports of the services: free ones on request, and who holds one that is wanted."""

import contextlib
import socket

import psutil

from dsa_hcal_assets.services.errors import PortBusy


def resolve(port: int, *, host: str, purpose: str, variable: str) -> int:
    """Return `port` if it can be bound, or a free one for 0.

    Parameters
    ----------
    port
        Wanted port; 0 for any.
    host
        Address it will be bound on.
    purpose, variable
        What listens there and the environment variable that sets it, for the message.

    Raises
    ------
    PortBusy
        If the port is taken (the message names the process where the system tells) or not allowed.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # as servers do: a connection in TIME_WAIT is no obstacle
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortBusy(
                f"the {purpose} cannot listen on {host}:{port}",
                found=f"{error.strerror}{_held_by(port)}",
                remedy=f"end that process, or set {variable} to another port (0 takes a free one)",
            ) from error
        return int(probe.getsockname()[1])


def _held_by(port: int) -> str:
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                if connection.pid is None:
                    break
                return f"; held by process {connection.pid} ({psutil.Process(connection.pid).name()})"
    return ""
