"""A configuration directory and a supervisor of it that the test drives step by step."""

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from dsa_hcal_assets.daq.broker.endpoints import ipc_endpoints
from dsa_hcal_assets.daq.jobs.context import JobContext
from dsa_hcal_assets.daq.streams.configuration import SHARED_MEMORY, StreamPlace
from dsa_hcal_assets.daq.streams.opening import sweep
from dsa_hcal_assets.daq.supervisor.config import read_supervisor_config
from dsa_hcal_assets.daq.supervisor.line_server import LineServer
from dsa_hcal_assets.daq.supervisor.states import State
from dsa_hcal_assets.daq.supervisor.supervisor import Supervisor
from dsa_hcal_assets.daq.supervisor.surroundings import Surroundings
from dsa_hcal_assets.processes import ProcessIdentity
from dsa_hcal_assets_tests.daq.jobs.example_jobs import MODULE


def job_text(identity: str, kind: str, **keys: object) -> str:
    """Return the TOML of a job of `example_jobs` (or of an installed type); dotted keys make tables."""
    named = kind if kind.islower() else f"{MODULE}:{kind}"
    tables = {"type": named, "id": identity, **keys}
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in tables.items())


class Acquisition:
    """Files, and the supervisor that runs them in the test's own thread."""

    def __init__(self, directory: Path, memory_root: Path = SHARED_MEMORY) -> None:
        self.config_dir = directory / "config"
        self.config_dir.mkdir()
        self.run_dir = directory / "run"
        self.run_dir.mkdir()
        self.place = StreamPlace(self.run_dir, memory_root=memory_root)
        (self.config_dir / "supervisor.toml").write_text('id = "here"\n')
        self._lines = LineServer(f"ipc://{directory}/lines")
        self.supervisor = Supervisor(
            read_supervisor_config(self.config_dir),
            self.config_dir,
            Surroundings(
                JobContext("here", self.place, ipc_endpoints(self.run_dir)),
                self._lines,
                str(ProcessIdentity.of(os.getpid())),
            ),
        )

    def write(self, identity: str, kind: str, more: str = "", **keys: object) -> None:
        """Write the file of a job, `more` at its end; a diary goes to `<id>.diary`."""
        if kind == "Diary":
            keys.setdefault("diary", str(self.diary_path(identity)))
        (self.config_dir / f"{identity}.toml").write_text(job_text(identity, kind, **keys) + more)

    def until(self, condition: Callable[[], object], seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, [(job.id, job.state, job.detail) for job in self.jobs()]
            self.supervisor.step()
            time.sleep(0.01)

    def jobs(self):
        return self.supervisor.status().jobs

    def job(self, identity: str):
        return self.supervisor.status().job(identity)

    def until_running(self, *identities: str) -> None:
        self.until(lambda: all(self.job(identity).state is State.RUNNING for identity in identities))

    def pids(self, *identities: str) -> list[int | None]:
        return [self.job(identity).pid for identity in identities]

    def diary_path(self, identity: str) -> Path:
        return self.run_dir / f"{identity}.diary"

    def diary(self, identity: str) -> list[str]:
        path = self.diary_path(identity)
        return path.read_text().splitlines() if path.exists() else []

    def close(self) -> None:
        self.supervisor.stop()
        self._lines.close()
        shutil.rmtree(self.run_dir / "streams", ignore_errors=True)
        sweep(self.place)
