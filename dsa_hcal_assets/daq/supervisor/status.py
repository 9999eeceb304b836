"""The status of a whole supervisor: a file that is replaced, read by people, pages and monitors."""

import os
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from dsa_hcal_assets.daq.statistics.metrics import JobRecord
from dsa_hcal_assets.daq.statistics.prometheus import prometheus_text
from dsa_hcal_assets.daq.supervisor.states import JobStatus, State
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
    registry = CollectorRegistry()
    who_labels = ("supervisor", "job", "type")

    def gauge(name: str, text: str, labels: tuple[str, ...] = who_labels) -> Gauge:
        return Gauge(f"dsa_hcal_daq_{name}", text, labels, registry=registry)

    state = gauge("job_state", "1 for the state the job is in", (*who_labels, "state"))
    failures = gauge("job_failures", "Ends that were not in order")
    silent = gauge("job_silent_seconds", "Since its last sign of life")
    memory = gauge("job_memory_bytes", "Resident memory")
    cpu = gauge("job_cpu", "Share of one processor")
    problems = gauge("problems", "Mistakes in files", ("supervisor",))
    problems.labels(status.supervisor).set(len(status.problems))
    for job in status.jobs:
        who = (status.supervisor, job.id, job.type)
        for one in State:
            state.labels(*who, one.value).set(job.state is one)
        failures.labels(*who).set(job.failures)
        for one_gauge, value in ((silent, job.silent), (memory, job.memory), (cpu, job.cpu)):
            if value is not None:
                one_gauge.labels(*who).set(value)
    records = [JobRecord.from_record(job.metrics) for job in status.jobs if job.metrics is not None]
    return generate_latest(registry).decode() + prometheus_text(records)
