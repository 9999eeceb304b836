"""Waking a reader that sleeps: a named pipe beside its cursor, into which writers put a byte.

A wake-up may be missed (the reader falls asleep just then); so nobody sleeps longer than `LONGEST` on it.
Where the file system has no named pipes, that is how long a reader sleeps.
"""

import os
import select
import time
from contextlib import suppress
from pathlib import Path

LONGEST = 0.02
"""Longest sleep between two looks, s."""
SHORTEST = 50e-6
"""Shortest nap where there is no bell, s."""


class Bell:
    """The sleeper's end."""

    def __init__(self, path: Path) -> None:
        self.descriptor = _opened(path)
        self._poll = None
        if self.descriptor is not None:
            self._poll = select.poll()
            self._poll.register(self.descriptor, select.POLLIN)

    def sleep(self, seconds: float) -> None:
        """Sleep for `seconds`, or until the bell is rung."""
        if self.descriptor is None or self._poll is None:
            time.sleep(min(seconds, SHORTEST))
        elif self._poll.poll(1000 * seconds):
            with suppress(BlockingIOError):
                os.read(self.descriptor, 4096)

    def close(self) -> None:
        """Let go of it."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None


class BellPull:
    """The waking end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def ring(self) -> None:
        """Wake the sleeper, if there is one."""
        try:
            if self._descriptor is None:
                self._descriptor = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
            os.write(self._descriptor, b"\0")
        except BlockingIOError:  # it has not come round to the earlier ones yet
            pass
        except OSError:  # nobody there, or no pipe
            self.close()

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __del__(self) -> None:
        self.close()


def _opened(path: Path) -> int | None:
    try:
        with suppress(FileExistsError):
            os.mkfifo(path, 0o600)
        # open for both, so that it neither waits for a writer nor ends with one
        return os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except (OSError, AttributeError):
        return None
