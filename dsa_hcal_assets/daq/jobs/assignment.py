"""What one process of a job is started with: a file the supervisor writes and the process reads."""

import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from dsa_hcal_assets.daq.durable_file import make_directory
from dsa_hcal_assets.daq.identity import safe_name
from dsa_hcal_assets.daq.jobs.context import JobContext


@dataclass(frozen=True)
class Assignment:
    """One process of one job.

    Attributes
    ----------
    job
        Id of the job.
    file, text
        The job's TOML file, for messages, and what it said when the process was ordered: a file that
        is edited meanwhile changes nothing before it is reloaded.
    context
        Surroundings.
    line, token
        Where the supervisor listens, and what proves that this process is the one it started.
    parent
        Identity of the supervisor's process.
    interval, paused
        Orders given to earlier processes of the job that still hold.
    """

    job: str
    file: str
    text: str
    context: JobContext
    line: str
    token: str
    parent: str
    interval: float | None = None
    paused: bool = False


_adapter = TypeAdapter(Assignment)


def write_assignment(assignment: Assignment) -> Path:
    """Write the file of a job's next process, for its owner only, and return it."""
    directory = assignment.context.run_dir / "assignments"
    make_directory(directory)
    path = directory / f"{safe_name(assignment.job)}.json"
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_adapter.dump_json(assignment))
    partial.replace(path)
    return path


def read_assignment(path: Path) -> Assignment:
    """Return what `write_assignment` wrote."""
    return _adapter.validate_json(path.read_bytes())
