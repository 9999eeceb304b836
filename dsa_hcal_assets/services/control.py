"""Starting, awaiting and stopping the platform from another process: the demo, `dsa-hcal up`, tests."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from types import TracebackType

from dsa_hcal_assets.errors import DeadlineExceeded
from dsa_hcal_assets.processes import describe_exit
from dsa_hcal_assets.services.environment import settings_environment
from dsa_hcal_assets.services.errors import ServiceFailed
from dsa_hcal_assets.services.stack import DEFINITIONS
from dsa_hcal_assets.services.status import StackStatus, State, read_status
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.workers.logs import log_size, log_tail
from dsa_hcal_assets.workers.protocol import error_from_record

BEGIN_SECONDS = 120.0


class Stack:
    """The platform's services on a state directory, supervised by a process of their own.

    They stop when this process ends, however it ends. A context manager: started and ready inside.

    Parameters
    ----------
    settings
        What the operator chose.
    definitions
        Module with the Dagster definitions.
    without
        Services to leave out, of ``dsa_hcal_assets.services.stack.OPTIONAL``.
    """

    def __init__(
        self, settings: Settings, *, definitions: str = DEFINITIONS, without: Collection[str] = ()
    ) -> None:
        self.settings = settings
        self._arguments = [
            "--definitions",
            definitions,
            *(word for name in without for word in ("--without", name)),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Stack":
        self.start()
        try:
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def log(self) -> Path:
        """What the supervisor logs."""
        return self.settings.logs / "services" / "supervisor.log"

    @property
    def pid(self) -> int | None:
        """Process number of the supervisor while it runs."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    def start(self) -> None:
        """Start the supervisor and the database; the other services follow on their own.

        Raises
        ------
        AlreadyRunning, PortBusy, ConfigurationError, DatabaseUnavailable
            As the supervisor found, with what to do.
        ServiceFailed
            If it ended without a word.
        """
        if self._process is not None and self._process.stdout is not None and self.pid is None:
            # an earlier supervisor of this object, which ended without being asked to
            self._process.stdout.close()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        begun_at = log_size(self.log)
        command = [sys.executable, "-m", "dsa_hcal_assets.services.main"]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [*command, "--owner", str(os.getpid()), *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=output,
                env=settings_environment(self.settings),
                start_new_session=True,
            )
        line = _first_line(self._process, BEGIN_SECONDS)
        message = json.loads(line) if line else {}
        if "started" in message:
            return
        if "error" in message:
            self._process.wait(30)
            raise error_from_record(message["error"])
        self.stop()
        raise ServiceFailed("the supervisor did not begin", found=log_tail(self.log, begun_at))

    def status(self) -> StackStatus | None:
        """Return where the services stand; None until the supervisor has written it."""
        found = read_status(self.settings.state_dir)
        if found is None or self.pid is None or not found.supervisor.startswith(f"{self.pid}:"):
            return None
        return found

    def wait_ready(
        self, seconds: float = 300.0, progress: Callable[[StackStatus], None] | None = None
    ) -> StackStatus:
        """Wait until every service is ready and return the status.

        Parameters
        ----------
        seconds
            How long to wait.
        progress
            Called with the status now and then.

        Raises
        ------
        ServiceFailed
            If a service keeps ending, or the supervisor ended.
        DeadlineExceeded
            If some are not ready in time.
        """
        deadline = time.monotonic() + seconds
        while True:
            status = self.status()
            if status is not None and progress is not None:
                progress(status)
            if status is not None and status.ready:
                return status
            self._require_progress(status)
            if time.monotonic() > deadline:
                missing = _missing(status)
                raise DeadlineExceeded(
                    f"services are not ready after {seconds:g} s", found="; ".join(missing)
                )
            time.sleep(0.1)

    def reload(self) -> None:
        """Have the code server and the run host start anew, with the definitions as they are now."""
        if self._process is not None:
            self._process.send_signal(signal.SIGUSR1)

    def stop(self, seconds: float = 120.0) -> None:
        """Stop all services in order; returns when nothing is left of them."""
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            # its children die with it
            process.kill()
            process.wait(10)
        if process.stdout is not None:
            process.stdout.close()
        self._process = None

    def _require_progress(self, status: StackStatus | None) -> None:
        if self._process is None or self._process.poll() is not None:
            ended = "" if self._process is None else f" ({describe_exit(self._process.returncode)})"
            raise ServiceFailed(f"the supervisor does not run{ended}", found=log_tail(self.log))
        for service in () if status is None else status.services.values():
            if service.state is State.CRASH_LOOP:
                raise ServiceFailed(
                    f"service {service.name} keeps ending", found=service.detail, remedy=f"see {service.log}"
                )


def _missing(status: StackStatus | None) -> list[str]:
    if status is None:
        return ["no status written yet"]
    return [
        f"{service.name} is {service.state.value}" + (f" ({service.detail})" if service.detail else "")
        for service in status.services.values()
        if not service.ready
    ]


def _first_line(process: subprocess.Popen[bytes], seconds: float) -> bytes:
    """Return the first line a process prints, or b"" if it ends or the time passes before."""
    received, deadline = b"", time.monotonic() + seconds
    if process.stdout is None:
        return b""
    while not received.endswith(b"\n"):
        readable, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        chunk = os.read(process.stdout.fileno(), 65536) if readable else b""
        if not chunk:
            return b""
        received += chunk
    return received
