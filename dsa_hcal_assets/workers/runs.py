"""Detached runs: starting an installed command in a warm worker (or a cold one) and ending it.

`start` is in two steps, so that the caller can record who works on a run before it begins: a run
that nobody recorded has not begun, and a recorded process that is gone has ended.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from dsa_hcal_assets.errors import WorkerCrashed
from dsa_hcal_assets.processes import ProcessIdentity, kill_group
from dsa_hcal_assets.workers.protocol import receive_answer, request_bytes

ANSWER_SECONDS = 10.0

_spawned: list[subprocess.Popen[bytes]] = []


@contextlib.contextmanager
def forked(address: Path, script: str, argv: Sequence[str], log: Path) -> Iterator[ProcessIdentity]:
    """Fork a worker from the host at `address`; it begins when the block is left without an error.

    Raises
    ------
    WorkerCrashed
        If no host answers or it refuses.
    """
    request = {"kind": "run", "script": script, "argv": list(argv), "log": str(log)}
    with socket.socket(socket.AF_UNIX) as connection:
        yield _ask_identity(connection, address, request)
        connection.sendall(b"\1")


def _ask_identity(connection: socket.socket, address: Path, request: Mapping[str, object]) -> ProcessIdentity:
    connection.settimeout(ANSWER_SECONDS)
    try:
        connection.connect(str(address))
        connection.sendall(request_bytes(request))
        _, verdict = receive_answer(connection)
    except OSError as error:
        raise WorkerCrashed(f"no run host answers at {address}: {error}") from error
    if verdict is None or "identity" not in verdict:
        raise WorkerCrashed(f"the run host at {address} refused", found=str(verdict))
    return ProcessIdentity.parse(verdict["identity"])


@contextlib.contextmanager
def spawned(script: str, argv: Sequence[str], log: Path) -> Iterator[ProcessIdentity]:
    """Start a fresh interpreter for the command; it begins when the block is left without an error."""
    log.parent.mkdir(parents=True, exist_ok=True)
    _spawned[:] = [process for process in _spawned if process.poll() is None]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "dsa_hcal_assets.workers.detached"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    _spawned.append(process)
    request = json.dumps({"script": script, "argv": list(argv), "log": str(log)}).encode()
    assert process.stdin is not None  # noqa: S101 - a pipe was asked for
    try:
        yield ProcessIdentity.of(process.pid)
        process.stdin.write(request)
    finally:
        process.stdin.close()


def interrupt(worker: ProcessIdentity, address: Path | None, grace_seconds: float) -> bool:
    """Send SIGINT to a run's worker, and SIGKILL to its process group if it outlives the grace.

    Returns whether the worker was alive. The host does the second part where there is one, because
    this process may not live that long.
    """
    if not worker.alive():
        return False
    if address is not None and _interrupted_by_host(worker, address, grace_seconds):
        return True
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker.pid, signal.SIGINT)
    timer = threading.Timer(grace_seconds, _kill_if_alive, (worker,))
    timer.daemon = True
    timer.start()
    return True


def _interrupted_by_host(worker: ProcessIdentity, address: Path, grace_seconds: float) -> bool:
    request = {"kind": "interrupt", "pid": worker.pid, "grace_seconds": grace_seconds}
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_SECONDS)
            connection.connect(str(address))
            connection.sendall(request_bytes(request))
            _, verdict = receive_answer(connection)
    except OSError:
        return False
    return bool(verdict and verdict.get("found"))


def _kill_if_alive(worker: ProcessIdentity, kill: Callable[[int], None] = kill_group) -> None:
    if worker.alive():
        kill(worker.pid)
