"""How a job's process learns that it is to end: a signal, an order, or the death of its supervisor."""

import contextlib
import faulthandler
import os
import signal
import socket
import threading
import time

from dsa_hcal_assets.processes import ProcessIdentity, die_with_parent

LATE_EXIT_CODE = 70
_LOOK_SECONDS = 1.0


class StopRequest:
    """Whether this process was asked to stop; wakes whoever polls `fileno` when it is.

    After the first request the process has `deadline` seconds, then it ends itself: with its supervisor
    gone nobody else would.

    Parameters
    ----------
    parent
        The supervisor.
    deadline
        Seconds an orderly end may take.
    """

    def __init__(self, parent: ProcessIdentity, deadline: float) -> None:
        self._parent, self._deadline = parent, deadline
        self._asked = threading.Event()
        self._next_look = 0.0
        self._main = threading.current_thread()
        self._readable, self._wake = socket.socketpair()
        self._readable.setblocking(False)
        self._wake.setblocking(False)
        # a signal writes into the pair, so a poll ends at once and not at its time
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        # Ctrl-C in a terminal reaches the whole group; the supervisor decides then
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._on_signal)
        die_with_parent(parent.pid, signal.SIGTERM)

    def fileno(self) -> int:
        """Return the descriptor that turns readable when there is something to look at."""
        return self._readable.fileno()

    def asked(self) -> bool:
        """Return whether to stop."""
        if not self._asked.is_set() and self._parent_gone():
            self.ask()
        return self._asked.is_set()

    def heard(self) -> None:
        """Forget what made `fileno` readable."""
        with contextlib.suppress(BlockingIOError):
            self._readable.recv(4096)

    def ask(self) -> None:
        """Ask to stop."""
        if not self._asked.is_set():
            self._asked.set()
            timer = threading.Timer(self._deadline, _end_now)
            timer.daemon = True
            timer.start()

    def in_main_thread(self) -> bool:
        """Return whether the caller is the thread that made this."""
        return threading.current_thread() is self._main

    def _parent_gone(self) -> bool:
        if os.getppid() != self._parent.pid:
            return True
        # where the number of a dead parent stays, its identity tells; that costs more
        if time.monotonic() < self._next_look:
            return False
        self._next_look = time.monotonic() + _LOOK_SECONDS
        return not self._parent.alive()

    def _on_signal(self, *_: object) -> None:
        self.ask()


def _end_now() -> None:
    faulthandler.dump_traceback(2)
    os._exit(LATE_EXIT_CODE)
