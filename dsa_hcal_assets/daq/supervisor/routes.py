"""Who reads whose stream: `[store_config.x]` of producers and `[[input]]` of readers made one list."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from pydantic import TypeAdapter, ValidationError

from dsa_hcal_assets.daq.jobs.context import Input
from dsa_hcal_assets.daq.jobs.files import BadFile, Problem, read_job, shown, validated
from dsa_hcal_assets.daq.jobs.reading import ReadingJob
from dsa_hcal_assets.daq.jobs.types import known_types, load_type
from dsa_hcal_assets.daq.supervisor.directory import JobFile

_WILDCARDS = frozenset("*?[")
_topics = TypeAdapter(tuple[str, ...])


@dataclass
class Routes:
    """What follows from the files.

    Attributes
    ----------
    inputs
        Inputs of each reading job, by its id.
    implied
        Store jobs that no file names, made because a producer wants a store of that type.
    problems
        What cannot be done, by the id of the job whose file says it.
    """

    inputs: dict[str, list[Input]] = field(default_factory=dict)
    implied: dict[str, JobFile] = field(default_factory=dict)
    problems: list[tuple[str, Problem]] = field(default_factory=list)

    def readers_of(self, producer: str) -> tuple[str, ...]:
        """Return the ids of the jobs that read a producer's stream."""
        return tuple(
            reader
            for reader, inputs in self.inputs.items()
            if any(one.producer == producer for one in inputs)
        )

    def add(self, reader: str, new: Input) -> None:
        """Add an input; one for the same producer is there first: the producer's own file decides."""
        inputs = self.inputs.setdefault(reader, [])
        if all(one.producer != new.producer for one in inputs):
            inputs.append(new)


def routes(jobs: Mapping[str, JobFile]) -> Routes:
    """Return who reads whom among `jobs`."""
    found = Routes()
    for identity, job in jobs.items():
        for name, options in job.config.store_config.items():
            try:
                _route_to_store(found, jobs, job, name, options)
            except BadFile as error:
                found.problems += [(identity, problem) for problem in error.problems]
    for identity, job in {**jobs, **found.implied}.items():
        try:
            for one in _own_inputs(job, jobs):
                found.add(identity, one)
        except BadFile as error:
            found.problems += [(identity, problem) for problem in error.problems]
    return found


def _route_to_store(
    found: Routes, jobs: Mapping[str, JobFile], producer: JobFile, name: str, options: Mapping[str, Any]
) -> None:
    key = f"store_config.{name}"
    store = _store(found, jobs, producer, name)
    rest = dict(options)
    topics = _read_topics(rest.pop("topics", ["*"]), producer.file, f"{key}.topics")
    checked = _checked_options(store, rest, producer.file, key)
    found.add(store.config.id, Input(producer.config.id, topics, checked))


def _store(found: Routes, jobs: Mapping[str, JobFile], producer: JobFile, name: str) -> JobFile:
    """Return the store job that `[store_config.<name>]` means: by id, `store.<name>`, type, or made."""
    for identity in (name, f"store.{name}"):
        if identity in jobs and identity != producer.config.id:
            return jobs[identity]
    of_type = [job for job in jobs.values() if job.config.type == name]
    if len(of_type) > 1:
        raise BadFile(
            [
                Problem(
                    producer.file,
                    f"store_config.{name}",
                    "the id of one store",
                    f"{len(of_type)} jobs of that type: {', '.join(job.config.id for job in of_type)}",
                )
            ]
        )
    if of_type:
        return of_type[0]
    if name not in known_types():
        near = get_close_matches(name, [*jobs, *known_types()], n=1)
        raise BadFile(
            [
                Problem(
                    producer.file,
                    f"store_config.{name}",
                    "the id or the type of a store",
                    shown(name),
                    f"did you mean {near[0]!r}?" if near else None,
                )
            ]
        )
    identity = f"store.{name}"
    if identity not in found.implied:
        text = f'type = "{name}"\nid = "{identity}"\n'
        file = f"{producer.file} [store_config.{name}]"
        found.implied[identity] = JobFile(file, text, read_job(text, file))
    return found.implied[identity]


def _own_inputs(job: JobFile, jobs: Mapping[str, JobFile]) -> Iterator[Input]:
    for place, wanted in enumerate(job.config.input):
        key = f"input[{place}]"
        options = _checked_options(job, dict(wanted.options), job.file, key, "options")
        matching = [
            identity
            for identity in jobs
            if identity != job.config.id and fnmatchcase(identity, wanted.producers)
        ]
        if not matching and not _WILDCARDS & set(wanted.producers):
            if "@" not in wanted.producers:
                near = get_close_matches(wanted.producers, jobs, n=1)
                raise BadFile(
                    [
                        Problem(
                            job.file,
                            f"{key}.from",
                            "the id of another job, a pattern, or id@supervisor",
                            shown(wanted.producers),
                            f"did you mean {near[0]!r}?" if near else None,
                        )
                    ]
                )
            # a producer of another machine: its stream appears with its first message
            matching = [wanted.producers]
        elif not matching and "@" in wanted.producers:
            expected = "each producer of another machine by its own id, id@supervisor"
            raise BadFile([Problem(job.file, f"{key}.from", expected, shown(wanted.producers))])
        for identity in matching:
            yield Input(identity, wanted.topics, options)


def _checked_options(
    reader: JobFile, options: dict[str, Any], file: str, key: str, table: str = ""
) -> dict[str, Any]:
    job_type = load_type(reader.config.type)
    if not issubclass(job_type, ReadingJob):
        raise BadFile(
            [Problem(file, key, "a job that reads kept messages", f"one of type {reader.config.type!r}")]
        )
    if job_type.InputOptions is not None:
        validated(job_type.InputOptions, options, file, f"{key}.{table}" if table else key)
    return options


def _read_topics(topics: object, file: str, key: str) -> tuple[str, ...]:
    try:
        return _topics.validate_python(topics)
    except ValidationError as error:
        raise BadFile([Problem(file, key, "a list of topics", shown(topics))]) from error
