"""`dsa-hcal daq run` as a process of its own, and what can be seen of it from outside."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from dsa_hcal_assets.daq.streams.configuration import StreamPlace
from dsa_hcal_assets.daq.streams.opening import sweep
from dsa_hcal_assets.daq.supervisor.main import run_directory
from dsa_hcal_assets.daq.supervisor.process import RUN_VARIABLE, end_leftovers
from dsa_hcal_assets.daq.supervisor.states import JobStatus, State
from dsa_hcal_assets.daq.supervisor.status import SupervisorStatus, read_status
from dsa_hcal_assets_tests.daq.supervisor.acquisition import job_text

_MAIN = "from dsa_hcal_assets.cli import main; main()"


class Whole:
    """A configuration directory and, when started, its supervisor.

    Parameters
    ----------
    directory
        Of everything.
    options
        Of `supervisor.toml`.
    identity
        Of the supervisor.
    within
        Words before its command, as those of a network namespace.
    """

    def __init__(
        self, directory: Path, options: str = "", identity: str = "hall/1", within: Sequence[str] = ()
    ) -> None:
        self.within = within
        self.directory = directory
        self.config_dir = directory / "config"
        self.config_dir.mkdir()
        (self.config_dir / "supervisor.toml").write_text(f'id = "{identity}"\n{options}')
        self.run_dir = run_directory(directory / "state", identity)
        self.process: subprocess.Popen[bytes] | None = None
        self.log = directory / "supervisor.log"

    def write(self, identity: str, kind: str, more: str = "", **keys: object) -> None:
        if kind == "Diary":
            keys["diary"] = str(self.directory / f"{identity}.diary")
        (self.config_dir / f"{identity}.toml").write_text(job_text(identity, kind, **keys) + more)

    def environment(self, **more: str) -> dict[str, str]:
        return {**os.environ, "DSA_HCAL_STATE_DIR": str(self.directory / "state"), **more}

    def start(self, **environment: str) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.within, sys.executable, "-c", _MAIN, "daq", "run", str(self.config_dir)],
                env=self.environment(**environment),
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def status(self) -> SupervisorStatus | None:
        found = read_status(self.run_dir)
        own = self.process is not None and found and found.process.startswith(f"{self.process.pid}:")
        return found if own else None

    def job(self, identity: str) -> JobStatus:
        found = self.status()
        job = None if found is None else found.job(identity)
        return job or JobStatus(identity, "", "", State.WAITING)

    def until(self, condition: Callable[[], object], seconds: float = 40.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (self.status(), self.log.read_text()[-2000:])
            assert self.process is None or self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)

    def until_running(self, *identities: str) -> None:
        self.until(lambda: all(self.job(one).state is State.RUNNING for one in identities))

    def diary(self, identity: str) -> list[str]:
        path = self.directory / f"{identity}.diary"
        return path.read_text().splitlines() if path.exists() else []

    def kept(self, name: str) -> list[int]:
        path = self.directory / name
        # a line that is being written is not there yet
        whole = path.read_text().rpartition("\n")[0] if path.exists() else ""
        return [int(line.split()[3]) for line in whole.splitlines()]

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop()
        # a test that failed in the middle leaves nothing behind either
        end_leftovers(self.run_dir, 1.0)
        sweep(StreamPlace(self.run_dir))


def processes_of(run_dir: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(RUN_VARIABLE) == str(run_dir):
                found.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return found
