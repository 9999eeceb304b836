"""One service as a child process: started, asked to end, killed; never left behind."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from dsa_hcal_assets.processes import describe_exit, kill_group, supervised
from dsa_hcal_assets.services.probes import Probe, always
from dsa_hcal_assets.workers.logs import log_tail

LARGEST_SERVICE_LOG = 20 * 2**20


class Member(Protocol):
    """What the supervisor can start, watch and end."""

    @property
    def pid(self) -> int | None:
        """Process number while it runs."""

    def start(self) -> None:
        """Start it; it may not be ready yet."""

    def ended(self) -> str | None:
        """Return how it ended, or None while it runs."""

    def children(self) -> set[int]:
        """Return the numbers of its processes that have not been collected."""

    def retire(self) -> bool:
        """Make room for a successor without ending work in hand; return whether it can."""

    def request_stop(self) -> None:
        """Ask it to end in order."""

    def kill(self) -> None:
        """End it now and collect it."""

    def log_tail(self) -> str:
        """Return the last lines it logged since its start."""


@dataclass(frozen=True)
class Service:
    """A member of the group and how it is to be treated.

    Attributes
    ----------
    name
        Its name in the status and of its log.
    member
        What is started and ended.
    ready
        Probe of readiness, and of health afterwards.
    after
        Names of services that must be ready before this one starts.
    stop_stage
        Services of a lower stage are ended first; those of one stage together.
    grace_seconds
        How long it may take to end when asked.
    start_seconds
        How long it may take to become ready.
    once
        It does its job and ends: exit code 0 is its readiness.
    reload
        It has code imported and is started anew when definitions change.
    port, url
        Where people reach it.
    """

    name: str
    member: Member
    ready: Probe = always
    after: tuple[str, ...] = ()
    stop_stage: int = 50
    grace_seconds: float = 10.0
    start_seconds: float = 180.0
    once: bool = False
    reload: bool = False
    port: int | None = None
    url: str | None = None


@dataclass
class ServiceProcess:
    """A child process in a session of its own that dies with this process.

    Attributes
    ----------
    argv
        Command.
    log
        File its output is appended to; turned over (``.1``) at a start when large.
    environment
        Its whole environment.
    stop_signal
        What asks it to end in order.
    retire_signal
        What makes it give up its address and end when its work in hand is done.
    """

    argv: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(repr=False)
    stop_signal: signal.Signals = signal.SIGTERM
    retire_signal: signal.Signals | None = None
    _retired: list[subprocess.Popen[bytes]] = field(default_factory=list, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _log_start: int = field(default=0, init=False)

    @property
    def pid(self) -> int | None:
        """Process number while it runs."""
        return None if self._process is None or self._process.returncode is not None else self._process.pid

    def start(self) -> None:
        """Start the command.

        Raises
        ------
        OSError
            If the log cannot be written or no process be made.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            if self.log.stat().st_size > LARGEST_SERVICE_LOG:
                self.log.replace(self.log.with_name(f"{self.log.name}.1"))
        with self.log.open("ab") as output:
            self._log_start = output.tell()
            self._process = subprocess.Popen(
                supervised(list(self.argv)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(self.environment),
                # a terminal's Ctrl-C must reach the supervisor only, which ends services in order
                start_new_session=True,
            )

    def ended(self) -> str | None:
        """Return how it ended, or None while it runs (or has not been started)."""
        self._retired = [process for process in self._retired if process.poll() is None]
        if self._process is None:
            return None
        # the group first, while the leader's number is still its own
        found = (
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) if self.pid else None
        )
        if found is not None:
            kill_group(self._process.pid)
        status = self._process.poll()
        return None if status is None else describe_exit(status)

    def children(self) -> set[int]:
        """Return the numbers of its processes that have not been collected."""
        return {found.pid for found in (self._process, *self._retired) if found and found.returncode is None}

    def retire(self) -> bool:
        """Send the retirement signal, if there is one, and forget the process until the stop."""
        if self.retire_signal is None or self._process is None or self._process.poll() is not None:
            return False
        self._process.send_signal(self.retire_signal)
        self._retired = [process for process in self._retired if process.poll() is None] + [self._process]
        self._process = None
        return True

    def request_stop(self) -> None:
        """Send the stop signal."""
        for process in (self._process, *self._retired):
            if process is not None and process.poll() is None:
                process.send_signal(self.stop_signal)

    def kill(self) -> None:
        """Kill its process group (and what is left of retired ones) and collect it."""
        if self._process is not None and self.ended() is None:
            kill_group(self._process.pid)
            self._process.wait(10)
        while self._retired:
            process = self._retired.pop()
            kill_group(process.pid)
            process.wait(10)

    def log_tail(self) -> str:
        """Return the last lines it logged since its start."""
        return log_tail(self.log, self._log_start)
