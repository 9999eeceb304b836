"""A deadline on the client's side for calls that wait on a database socket.

PostgreSQL's own `statement_timeout` needs a server that is alive and a network that carries its
answer. A proxy or host that accepts bytes and stays mute would hold a reader for ever; here the
socket is shut down when the deadline passes, and the waiting call returns with an error at once.
"""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator

_LOOK_SECONDS = 1.0


class Watchdog:
    """Shuts down sockets whose guarded call has not returned in time. One thread, started late."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._changed = threading.Condition()
        self._armed: dict[int, tuple[float, socket.socket]] = {}
        self._thread: threading.Thread | None = None
        self._used = False
        self._asleep = False

    @contextlib.contextmanager
    def guard(self, channel: socket.socket, seconds: float) -> Iterator[None]:
        """Shut `channel` down if the body takes longer than `seconds`."""
        if self._pid != os.getpid():
            # A forked child inherits neither the thread nor a usable lock.
            self._reset()
        key = id(channel)
        with self._changed:
            self._armed[key] = (time.monotonic() + seconds, channel)
            self._used = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="database-watchdog", daemon=True)
                self._thread.start()
            elif self._asleep or seconds < _LOOK_SECONDS:
                # Woken for each guard, the watcher would cost more than what is guarded.
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._armed.pop(key, None)

    def _watch(self) -> None:
        while True:
            with self._changed:
                while not self._armed and not self._used:
                    self._asleep = True
                    self._changed.wait()
                    self._asleep = False
                self._used = False
                now = time.monotonic()
                for key, (deadline, channel) in list(self._armed.items()):
                    if deadline <= now:
                        del self._armed[key]
                        with contextlib.suppress(OSError):
                            channel.shutdown(socket.SHUT_RDWR)
                nearest = min((deadline for deadline, _ in self._armed.values()), default=now + _LOOK_SECONDS)
                # New guards may be due earlier than the nearest one.
                self._changed.wait(min(max(nearest - now, 0.05), _LOOK_SECONDS))
