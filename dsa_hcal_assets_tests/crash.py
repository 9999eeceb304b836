"""Killing a real process at a named point, in the style of Dagster's own recovery tests.

The victim runs in a forked child and calls its `checkpoint` at named points. At the wanted one it
sends itself a signal; SIGINT becomes a KeyboardInterrupt and unwinds, the others end it on the spot.
"""

import os
import signal
import time
from collections.abc import Callable

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
_SECONDS = 60
_INTERRUPTED = 130
_REACHED = b"reached"


def crash_at(point: str, number: signal.Signals, victim: Callable[[Callable[[str], None]], object]) -> None:
    """Run ``victim(checkpoint)`` in a child until it dies of `number` at `point`.

    Fails if it never gets there: a renamed checkpoint must not turn the test into nothing.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _run(point, number, victim, writer)
    os.close(writer)
    status = _wait(child)
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == _REACHED, f"never came to {point!r} (status {status})"
    died = _INTERRUPTED if number is signal.SIGINT else -number
    assert status == died, f"ended with {status} instead of dying of {number.name}"


def _run(point: str, number: int, victim: Callable[[Callable[[str], None]], object], writer: int) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def checkpoint(step: str) -> None:
        if step == point:
            os.write(writer, _REACHED)
            os.kill(os.getpid(), number)
            time.sleep(_SECONDS)

    try:
        victim(checkpoint)
    except KeyboardInterrupt:
        os._exit(_INTERRUPTED)
    finally:
        # Whatever happened: pytest must not go on in the child.
        os._exit(1)


def _wait(child: int) -> int:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise AssertionError(f"the victim did not end within {_SECONDS} s")
