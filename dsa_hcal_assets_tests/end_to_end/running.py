"""A running platform as a test sees it: through its status file, the Dagster UI's API and the database."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dsa_hcal_assets.database.connection import Database, Parameters
from dsa_hcal_assets.database.embedded import running_url
from dsa_hcal_assets.errors import DatabaseUnavailable
from dsa_hcal_assets.orchestration.launcher import WORKER_TAG
from dsa_hcal_assets.processes import ProcessIdentity
from dsa_hcal_assets.services.probes import graphql
from dsa_hcal_assets.services.status import StackStatus, read_status

_RUNS = """query($filter: RunsFilter) {runsOrError(filter: $filter, limit: 500) {... on Runs {results {
  runId rootRunId jobName status startTime tags {key value} stepStats {stepKey status}}}}}"""


@dataclass(frozen=True)
class Run:
    """A Dagster run."""

    run_id: str
    root: str
    job: str
    status: str
    tags: dict[str, str]
    steps: dict[str, str] = field(hash=False)

    @property
    def partition(self) -> str | None:
        return self.tags.get("dagster/partition")

    @property
    def worker(self) -> ProcessIdentity | None:
        """The process that works on it, if one does."""
        text = self.tags.get(WORKER_TAG)
        identity = ProcessIdentity.parse(text) if text else None
        return identity if identity is not None and identity.alive() else None

    def at(self, *steps: str) -> bool:
        """Whether one of these steps is being worked on."""
        return any(self.steps.get(step) == "IN_PROGRESS" for step in steps)


class Running:
    """What runs on a state directory; any part of it may be away at any moment."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self._databases: dict[str, Database] = {}

    def status(self) -> StackStatus | None:
        return read_status(self.state)

    def pid(self, service: str) -> int | None:
        status = self.status()
        found = status.services.get(service) if status else None
        return found.pid if found is not None and found.ready else None

    def ask(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask the Dagster UI's API; raises OSError while it is away."""
        status = self.status()
        if status is None or "webserver" not in status.services:
            raise OSError("no webserver yet")
        return graphql(status.url("webserver"), query, variables)

    def runs(self, **wanted: Any) -> list[Run]:
        """Return the runs of a Dagster filter (`pipelineName`, `statuses`); none while the API is away."""
        try:
            found = self.ask(_RUNS, {"filter": wanted})["runsOrError"]["results"]
        except OSError:
            return []
        return [
            Run(
                one["runId"],
                one["rootRunId"] or one["runId"],
                one["jobName"],
                one["status"],
                {tag["key"]: tag["value"] for tag in one["tags"]},
                {step["stepKey"]: step["status"] for step in one["stepStats"]},
            )
            for one in found
        ]

    def started(self, job: str) -> list[Run]:
        return self.runs(pipelineName=job, statuses=["STARTED"])

    def database(self) -> Database:
        """Return the running database; one object for each address it had, closed by `close`."""
        url = running_url(self.state / "postgres")
        if url not in self._databases:
            self._databases[url] = Database(url, statement_seconds=20)
        return self._databases[url]

    def close(self) -> None:
        for database in self._databases.values():
            database.close()

    def rows(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """Ask the database; no rows while it is away."""
        try:
            return self.database().rows(sql, parameters)
        except DatabaseUnavailable:
            return []

    def report(self) -> str:
        """Tell where everything stands, for the output of a test that failed."""
        status = self.status()
        services = status.services.values() if status else ()
        parts = {
            "services": [(one.name, one.state.value, one.restarts, one.detail) for one in services],
            "runs": [(run.job, run.partition, run.status, run.steps) for run in self.runs()],
            "arrivals": self.rows(
                "select source, partition, state, count(*) from platform.arrival group by 1, 2, 3 order by 1"
            ),
            "products": self.rows(
                "select kind, partition, max(version) from platform.product group by 1, 2 order by 2, 1"
            ),
            "alerts": self.rows("select severity, title, message from platform.alert order by id"),
        }
        return "\n".join(f"{name}\n  " + "\n  ".join(map(str, rows)) for name, rows in parts.items()) + "\n"

    def until(self, condition: Callable[[], object], seconds: float, what: str, every: float = 0.3) -> None:
        """Wait for a condition; if `what` does not happen in time, fail and tell where everything stands."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"not within {seconds:g} s: {what}\n{self.report()}", pytrace=False)
            time.sleep(every)


def kill(pid: int) -> None:
    """End exactly this process, as a crash or the kernel would."""
    os.kill(pid, signal.SIGKILL)
