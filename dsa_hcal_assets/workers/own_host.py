"""A worker host of a process's own: started at the first call, gone with the process.

The host watches its parent process, not the thread that started it (the kernel's signal on a
parent's death follows the thread), so calls may come from any thread.
"""

import atexit
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from dsa_hcal_assets.errors import WorkerCrashed
from dsa_hcal_assets.processes import describe_exit
from dsa_hcal_assets.workers import casa
from dsa_hcal_assets.workers.logs import log_tail
from dsa_hcal_assets.workers.protocol import receive_answer, request_bytes

log = logging.getLogger(__name__)

START_SECONDS = 180.0


class OwnHost:
    """A host process started by and for this process.

    Parameters
    ----------
    preload
        Modules it imports first.
    packages
        Packages whose functions it may call.
    console_scripts
        Installed commands it may run.
    """

    def __init__(
        self,
        *,
        preload: Sequence[str] = casa.PRELOAD,
        packages: Sequence[str] = ("dsa_hcal_assets",),
        console_scripts: Sequence[str] = (),
    ) -> None:
        self._arguments = [
            *(word for name in preload for word in ("--preload", name)),
            *(word for name in packages for word in ("--package", name)),
            *(word for name in console_scripts for word in ("--console-script", name)),
        ]
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._directory: Path | None = None
        self._address = Path()
        self._creator = 0

    def address(self) -> Path:
        """Return the socket of the running host, starting one if there is none (or it died).

        Raises
        ------
        WorkerCrashed
            If it does not come up.
        """
        with self._lock:
            if self._process is None or self._creator != os.getpid() or self._process.poll() is not None:
                self._address = self._start()
            return self._address

    def stop(self) -> None:
        """End the host and its jobs; the next `address` starts a new one."""
        with self._lock:
            if self._process is None or self._creator != os.getpid():
                return
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
            self._process = None
            self._discard()

    @property
    def pid(self) -> int | None:
        """Process number of the running host."""
        return None if self._process is None else self._process.pid

    def _start(self) -> Path:
        self._discard()
        self._creator = os.getpid()
        # short by construction: the state directory may be too deep for a socket's address
        directory = self._directory = Path(tempfile.mkdtemp(prefix="dsa-hcal-host-"))
        atexit.register(self.stop)
        command = [sys.executable, "-m", "dsa_hcal_assets.workers.host", "--owner", str(os.getpid())]
        address, output = directory / "host.sock", directory / "host.log"
        with output.open("ab") as file:
            self._process = subprocess.Popen(
                [*command, "--socket", str(address), *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
                env=_without_bytecode_ban(),
            )
        try:
            wait_for_host(address, self._process, START_SECONDS)
        except WorkerCrashed as error:
            self._process.kill()
            self._process.wait(10)
            self._process = None
            raise WorkerCrashed(error.what, found=log_tail(output)) from error
        return address

    def _discard(self) -> None:
        if self._directory is not None and self._creator == os.getpid():
            shutil.rmtree(self._directory, ignore_errors=True)
        self._directory = None


def _without_bytecode_ban() -> dict[str, str]:
    # an import without byte code takes three times as long
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def wait_for_host(address: Path, process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait until a host has imported its modules and answers.

    Raises
    ------
    WorkerCrashed
        If it ends, or does not answer within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while process.poll() is None:
        try:
            if ping(address, max(0.1, deadline - time.monotonic())) == process.pid:
                return
        except OSError as error:
            # not there yet, or left by a host that was killed
            if time.monotonic() > deadline:
                raise WorkerCrashed(f"the worker host does not answer: {error}") from error
        time.sleep(0.05)
    raise WorkerCrashed(f"the worker host ended at its start ({describe_exit(process.returncode)})")


def ping(address: Path, seconds: float) -> int | None:
    """Return the process number of the host that serves an address; None if it hangs up.

    Raises
    ------
    OSError
        If nobody listens, or no answer comes within `seconds`.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(seconds)
        connection.connect(str(address))
        connection.sendall(request_bytes({"kind": "ping"}))
        _, verdict = receive_answer(connection)
    return None if verdict is None else int(verdict["pid"])
