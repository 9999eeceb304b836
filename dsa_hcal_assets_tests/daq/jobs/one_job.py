"""A job's process and the test in the supervisor's place."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from dsa_hcal_assets.daq.jobs.assignment import Assignment, write_assignment
from dsa_hcal_assets.daq.jobs.context import JobContext
from dsa_hcal_assets.daq.jobs.line import Doing, Life, Order
from dsa_hcal_assets.daq.jobs.logs import log_path
from dsa_hcal_assets.daq.streams.configuration import StreamPlace
from dsa_hcal_assets.daq.supervisor.line_server import LineServer
from dsa_hcal_assets.daq.supervisor.output import output_path
from dsa_hcal_assets.daq.supervisor.process import JobProcess
from dsa_hcal_assets.processes import ProcessIdentity
from dsa_hcal_assets_tests.daq.jobs.example_jobs import MODULE

TOKEN = "t"


class OneJob:
    """A process of the `Diary` job type."""

    def __init__(self, tmp_path: Path, **keys: object) -> None:
        self.diary = tmp_path / "diary"
        self.lines = LineServer(f"ipc://{tmp_path}/lines")
        self.lives: list[Life] = []
        tables = {"type": f"{MODULE}:Diary", "id": "job", "diary": str(self.diary), **keys}
        text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in tables.items())
        self.run_dir = tmp_path
        assignment = Assignment(
            "job",
            "job.toml",
            text,
            JobContext("here", StreamPlace(tmp_path, shared_memory=False)),
            self.lines.endpoint,
            TOKEN,
            str(ProcessIdentity.of(os.getpid())),
        )
        self.process = JobProcess(write_assignment(assignment), output_path(tmp_path, "job"), tmp_path)

    def until(self, condition: Callable[[], object], seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (self.lives[-3:], self.written(), self.output())
            self.lives += self.lines.lives()
            time.sleep(0.005)

    def until_doing(self, doing: Doing) -> Life:
        self.until(lambda: self.lives and self.lives[-1].doing is doing)
        return self.lives[-1]

    def until_ended(self) -> int | None:
        self.until(lambda: self.process.ended() is not None)
        self.lives += self.lines.lives()
        return self.process.ended()

    def order(self, order: Order) -> None:
        assert self.lines.order(TOKEN, order)

    def written(self) -> list[str]:
        return self.diary.read_text().splitlines() if self.diary.exists() else []

    def logged(self) -> list[dict[str, object]]:
        path = log_path(self.run_dir, "job")
        return [json.loads(line) for line in path.read_text().splitlines()]

    def output(self) -> str:
        return output_path(self.run_dir, "job").read_text()

    def close(self) -> None:
        self.process.kill()
        self.lines.close()
