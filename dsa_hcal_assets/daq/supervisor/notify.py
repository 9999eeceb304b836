"""Telling systemd where the supervisor stands (`Type=notify`, `WatchdogSec`).

The protocol is one datagram to the socket named by an environment variable; a dozen lines here are less
than a dependency on libsystemd's bindings, which need its headers to build.
"""

import contextlib
import os
import socket


class ServiceNotifier:
    """Speaks to systemd where it listens, and to nobody elsewhere."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "")

    def ready(self) -> None:
        """Say that the start is over."""
        self._send("READY=1")

    def alive(self, status: str) -> None:
        """Say that the loop still turns, and how the jobs are."""
        self._send(f"WATCHDOG=1\nSTATUS={status}")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        # a leading @ stands for Linux's abstract name space
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
            datagrams.sendto(text.encode(), address)
