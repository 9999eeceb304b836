"""All files of a configuration directory: the jobs that can run, and every mistake in the others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from dsa_hcal_assets.daq.jobs.config import JobConfig
from dsa_hcal_assets.daq.jobs.files import BadFile, Problem, read_file, read_job, shown
from dsa_hcal_assets.daq.supervisor.config import FILE_NAME
from dsa_hcal_assets.errors import ConfigurationError

BROKER_ID, LINK_ID = "broker", "link"
"""Ids of the supervisor's own parts."""
RESERVED = (BROKER_ID, LINK_ID)


class NoConfiguration(ConfigurationError):
    """The directory of configuration does not exist."""


@dataclass(frozen=True)
class JobFile:
    """One job as a file says it.

    Attributes
    ----------
    file
        Name of the file.
    text
        Its content.
    config
        What it means.
    """

    file: str
    text: str
    config: JobConfig


@dataclass(frozen=True)
class JobFiles:
    """The jobs of a directory, by id, and what is wrong with the files that are not among them."""

    jobs: Mapping[str, JobFile]
    problems: tuple[Problem, ...] = field(default=())


def read_directory(directory: Path, kept: Mapping[str, JobFile] | None = None) -> JobFiles:
    """Read every `*.toml` of a directory except the supervisor's own.

    Parameters
    ----------
    directory
        The directory.
    kept
        Jobs as they were, by id: a file that has become wrong keeps its job as it was.

    Raises
    ------
    NoConfiguration
        If there is no such directory.
    """
    if not directory.is_dir():
        raise NoConfiguration(f"there is no directory {directory}", expected="a directory of TOML files")
    earlier = {job.file: job for job in (kept or {}).values()}
    found: list[JobFile] = []
    problems: list[Problem] = []
    for path in sorted(directory.glob("*.toml")):
        if path.name == FILE_NAME:
            continue
        try:
            found.append(read_job_text(read_file(path), str(path)))
        except BadFile as error:
            problems += error.problems
            if str(path) in earlier:
                found.append(earlier[str(path)])
    return consistent(found, problems)


def read_job_text(text: str, file: str) -> JobFile:
    """Return the job a text says.

    Raises
    ------
    BadFile
        If anything in it is wrong, or its id is one of the supervisor's own parts.
    """
    job = JobFile(file, text, read_job(text, file))
    if job.config.id in RESERVED:
        expected = f"none of {', '.join(RESERVED)}, which the supervisor needs itself"
        raise BadFile([Problem(file, "id", expected, shown(job.config.id))])
    return job


def consistent(found: Iterable[JobFile], problems: Iterable[Problem] = ()) -> JobFiles:
    """Return the jobs with unique ids whose `after` can be obeyed, and what is wrong with the rest."""
    jobs: dict[str, JobFile] = {}
    wrong = list(problems)
    for job in found:
        first = jobs.setdefault(job.config.id, job)
        if first is not job:
            taken = f"{job.config.id!r}, as in {first.file}"
            wrong.append(Problem(job.file, "id", "an id of its own", taken))
    while problem := _bad_order(jobs):
        wrong += problem
        for one in problem:
            jobs = {identity: job for identity, job in jobs.items() if job.file != one.file}
    return JobFiles(jobs, tuple(wrong))


def _bad_order(jobs: Mapping[str, JobFile]) -> list[Problem]:
    unknown = [
        Problem(job.file, f"after[{place}]", "the id of another job", shown(name))
        for job in jobs.values()
        for place, name in enumerate(job.config.after)
        if name not in jobs
    ]
    if unknown:
        return unknown
    try:
        TopologicalSorter({identity: job.config.after for identity, job in jobs.items()}).prepare()
    except CycleError as error:
        cycle = list(reversed(error.args[1]))
        return [
            Problem(jobs[name].file, "after", "an order in which all can start", " after ".join(cycle))
            for name in cycle[1:]
        ]
    return []
