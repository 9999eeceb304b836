"""Where a broker listens: two Unix sockets below the run directory, or two TCP ports."""

import errno
import os
import socket
import tempfile
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import zmq

from dsa_hcal_assets.daq.durable_file import make_directory
from dsa_hcal_assets.errors import ConfigurationError

LONGEST_SOCKET_PATH = 107
"""Bytes that `sockaddr_un` has room for on Linux (108 with the closing NUL)."""
_SOCKETS = "sockets"


class UnsafeSocketDirectory(ConfigurationError):
    """The directory for short socket paths belongs to somebody else or is open to others."""


class EndpointInUse(ConfigurationError):
    """Another program listens at the address."""


class EndpointInvalid(ConfigurationError):
    """The address is none of this machine, or may not be listened at."""


@dataclass(frozen=True)
class Endpoints:
    """The two ends of a broker, as ZeroMQ addresses.

    Attributes
    ----------
    publish
        Where senders connect to.
    subscribe
        Where receivers connect to.
    """

    publish: str
    subscribe: str


def ipc_endpoints(run_dir: Path) -> Endpoints:
    """Return Unix sockets in `run_dir`/sockets, or below the temporary directory if that path is too long.

    Their directory is made, for its owner only.

    Raises
    ------
    UnsafeSocketDirectory
        If the short directory exists and other users could have made or can enter it.
    NotADirectory, DiskFull, WriteFailed
        If the directory cannot be made.
    """
    directory = run_dir / _SOCKETS
    if len(os.fsencode(directory / "subscribe")) > LONGEST_SOCKET_PATH:
        directory = _short_directory(run_dir)
    make_directory(directory)
    directory.chmod(0o700)
    return Endpoints(f"ipc://{directory / 'publish'}", f"ipc://{directory / 'subscribe'}")


def tcp_endpoints(publish_port: int, subscribe_port: int, host: str = "127.0.0.1") -> Endpoints:
    """Return two TCP ports. Whoever reaches them may send and read: keep to the loopback interface."""
    return Endpoints(f"tcp://{host}:{publish_port}", f"tcp://{host}:{subscribe_port}")


def free_tcp_endpoints() -> Endpoints:
    """Return two TCP ports of the loopback interface that nothing uses at this moment."""
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return tcp_endpoints(first.getsockname()[1], second.getsockname()[1])


def local_endpoints(run_dir: Path) -> Endpoints:
    """Return Unix sockets where ZeroMQ has them, TCP ports elsewhere (Windows)."""
    return ipc_endpoints(run_dir) if zmq.has("ipc") else free_tcp_endpoints()


def listen(side: "zmq.Socket[bytes]", address: str) -> None:
    """Let `side` listen at a ZeroMQ address.

    Raises
    ------
    EndpointInUse
        If another program listens there.
    EndpointInvalid
        If nobody can, or not this user.
    """
    try:
        side.bind(address)
    except zmq.ZMQError as error:
        if error.errno == errno.EADDRINUSE:
            raise in_use(address) from error
        raise EndpointInvalid(f"nothing can listen at {address}", found=str(error)) from error


def in_use(address: str) -> EndpointInUse:
    """Return the error that says that `address` is taken."""
    return EndpointInUse(
        f"{address} is in use",
        expected="an address that nothing listens at",
        found="another program there",
        remedy="stop the other one, or configure another address",
    )


def _short_directory(run_dir: Path) -> Path:
    digest = blake2b(os.fsencode(run_dir.absolute()), digest_size=8).hexdigest()
    directory = Path(tempfile.gettempdir()) / f"dsa-hcal-{os.getuid()}-{digest}"
    directory.mkdir(mode=0o700, exist_ok=True)
    status = directory.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077 or not directory.is_dir():
        raise UnsafeSocketDirectory(
            f"{directory} cannot hold the broker's sockets",
            expected=f"a directory of user {os.getuid()} that only this user may enter",
            found=f"owner {status.st_uid}, mode {status.st_mode & 0o777:o}",
            remedy="remove it, or use a shorter run directory",
        )
    return directory
