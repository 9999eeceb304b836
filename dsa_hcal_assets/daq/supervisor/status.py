"""The status of a whole supervisor: a file that is replaced, read by people, pages and monitors."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from dsa_hcal_assets.daq.statistics.metrics import JobRecord
from dsa_hcal_assets.daq.statistics.prometheus import record_metrics
from dsa_hcal_assets.daq.supervisor.states import JobStatus, State
from dsa_hcal_assets.observability import catalogue
from dsa_hcal_assets.processes import ProcessIdentity

FILE_NAME = "status.json"


class SupervisorStatus(msgspec.Struct, frozen=True):
    """All jobs of a supervisor.

    Attributes
    ----------
    supervisor, tags
        Its id and tags.
    process
        Identity of its process.
    written_at
        When this was written, UTC.
    config_dir
        Where its files are.
    control
        Where it takes orders.
    problems
        What is wrong with the files: jobs that do not run because of it, or run as they were before.
    jobs
        In the order they start.
    """

    supervisor: str
    tags: tuple[str, ...]
    process: str
    written_at: str
    config_dir: str
    control: str
    problems: tuple[str, ...]
    jobs: tuple[JobStatus, ...]

    @property
    def alive(self) -> bool:
        """Whether the supervisor that wrote this still runs; to be asked on its own machine."""
        return ProcessIdentity.parse(self.process).alive()

    @property
    def well(self) -> bool:
        """Whether every job runs, or is stopped or done because somebody or it itself wanted so."""
        wanted = (State.RUNNING, State.PAUSED, State.STOPPED, State.DONE)
        return not self.problems and all(job.state in wanted for job in self.jobs)

    def job(self, identity: str) -> JobStatus | None:
        """Return the status of one job."""
        return next((job for job in self.jobs if job.id == identity), None)


def write_status(run_dir: Path, status: SupervisorStatus) -> None:
    """Replace the status file in one step."""
    path = run_dir / FILE_NAME
    partial = path.with_name(f".{FILE_NAME}.{os.getpid()}")
    partial.write_bytes(msgspec.json.encode(status))
    partial.replace(path)


def read_status(run_dir: Path) -> SupervisorStatus | None:
    """Return the last status written in a run directory, None if there is none; see `alive`."""
    try:
        data = (run_dir / FILE_NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return msgspec.json.decode(data, type=SupervisorStatus)


def as_status(said: object) -> SupervisorStatus:
    """Return the status that a supervisor answered with (`control`)."""
    return msgspec.convert(said, SupervisorStatus)


def as_json(status: SupervisorStatus) -> bytes:
    """Return the status as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(status), indent=1)


def as_prometheus(status: SupervisorStatus) -> str:
    """Return the status and all counters of the jobs in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Statuses(status))
    return generate_latest(registry).decode()


def metrics_of(statuses: Sequence[SupervisorStatus]) -> Iterator[Metric]:
    """Yield the statuses and all counters of their jobs as Prometheus' metrics."""
    jobs = [((one.supervisor, job.id, job.type), job) for one in statuses for job in one.jobs]
    yield catalogue.DAQ_PROBLEMS.family({(one.supervisor,): len(one.problems) for one in statuses})
    yield catalogue.DAQ_JOB_STATE.family(
        {(*who, state.value): float(job.state is state) for who, job in jobs for state in State}
    )
    yield catalogue.DAQ_JOB_FAILURES.family({who: job.failures for who, job in jobs})
    for name, measured in (
        (catalogue.DAQ_JOB_SILENT, {who: job.silent for who, job in jobs}),
        (catalogue.DAQ_JOB_MEMORY, {who: job.memory for who, job in jobs}),
        (catalogue.DAQ_JOB_CPU, {who: job.cpu for who, job in jobs}),
    ):
        yield name.family({who: value for who, value in measured.items() if value is not None})
    yield from record_metrics(
        JobRecord.from_record(job.metrics) for _, job in jobs if job.metrics is not None
    )


class _Statuses(Collector):
    def __init__(self, *statuses: SupervisorStatus) -> None:
        self._statuses = statuses

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        return metrics_of(self._statuses)
