"""The plan: every process there is to be, what it reads, and what it waits for."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from dsa_hcal_assets.daq.federation.config import MirrorReader, PeerConfig
from dsa_hcal_assets.daq.federation.sending import reader_name
from dsa_hcal_assets.daq.jobs.context import Input
from dsa_hcal_assets.daq.jobs.files import Problem
from dsa_hcal_assets.daq.supervisor.config import FederationConfig, SupervisorConfig
from dsa_hcal_assets.daq.supervisor.directory import BROKER_ID, LINK_ID, JobFile
from dsa_hcal_assets.daq.supervisor.parts import broker_part, link_part
from dsa_hcal_assets.daq.supervisor.routes import Routes, routes


@dataclass(frozen=True)
class PlannedJob:
    """One process.

    Attributes
    ----------
    job
        Its file.
    inputs
        Streams it reads.
    readers
        Names of the readers of its own stream.
    waits_for
        Ids of jobs that must run before it is started.
    follows
        Ids of jobs it is started after, if they can be: the broker, and the readers of its stream.
    """

    job: JobFile
    inputs: tuple[Input, ...] = ()
    readers: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Id of the job."""
        return self.job.config.id

    def same_process(self, other: "PlannedJob") -> bool:
        """Return whether a process started for the one serves the other: new readers need no restart."""
        return self.job.text == other.job.text and self.inputs == other.inputs


@dataclass(frozen=True)
class Plan:
    """Every process, by id, in an order they can start in, and what is left out and why."""

    jobs: Mapping[str, PlannedJob]
    problems: tuple[Problem, ...] = ()

    def readers(self) -> set[tuple[str, str]]:
        """Return every reader to be registered: (producer, name)."""
        local = {(job.id, reader) for job in self.jobs.values() for reader in job.readers}
        return local | {(one.producer, job.id) for job in self.jobs.values() for one in job.inputs}


def make_plan(config: SupervisorConfig, jobs: Mapping[str, JobFile]) -> Plan:
    """Return the plan for consistent `jobs` (`directory.consistent`).

    A job whose routes are wrong is left out, with what is wrong; the others stay.
    """
    problems: list[Problem] = []
    usable = dict(jobs)
    while (found := routes(usable)).problems:
        problems += [problem for _, problem in found.problems]
        usable = _without(usable, {identity for identity, _ in found.problems}, problems)
    everything = {**usable, **found.implied}
    problems += _rings_too_large(config, everything, found)
    planned = {BROKER_ID: PlannedJob(broker_part(config))}
    links: dict[str, tuple[str, ...]] = {}
    if config.federation is not None:
        resolved, links = _resolved(config.federation, everything)
        planned[LINK_ID] = PlannedJob(link_part(resolved, _mirror_readers(found)), follows=(BROKER_ID,))
    for identity in _readers_first(everything, found):
        planned[identity] = _planned(everything[identity], found, links.get(identity, ()))
    return Plan(planned, tuple(problems))


def _planned(job: JobFile, found: Routes, links: tuple[str, ...]) -> PlannedJob:
    identity = job.config.id
    readers = found.readers_of(identity)
    # two jobs that read each other would both wait
    coming = [one for one in readers if identity not in found.readers_of(one)]
    return PlannedJob(
        job,
        tuple(sorted(found.inputs.get(identity, ()), key=lambda one: one.producer)),
        (*readers, *links),
        job.config.after,
        (BROKER_ID, *((LINK_ID,) if links else ()), *coming),
    )


def _readers_first(jobs: Mapping[str, JobFile], found: Routes) -> list[str]:
    return sorted(jobs, key=lambda identity: (not found.inputs.get(identity), identity))


def _resolved(
    federation: FederationConfig, jobs: Mapping[str, JobFile]
) -> tuple[FederationConfig, dict[str, tuple[str, ...]]]:
    """Return the federation with ids for patterns, and the names of the links' readers by producer."""
    peers: list[PeerConfig] = []
    links: dict[str, tuple[str, ...]] = {}
    for peer in federation.peer:
        sent = tuple(
            identity for identity in jobs if any(fnmatchcase(identity, pattern) for pattern in peer.send)
        )
        peers.append(peer.model_copy(update={"send": sent}))
        for identity in sent:
            links[identity] = (*links.get(identity, ()), reader_name(peer.id))
    return federation.model_copy(update={"peer": tuple(peers)}), links


def _mirror_readers(found: Routes) -> tuple[MirrorReader, ...]:
    return tuple(
        MirrorReader(producers=one.producer, name=reader)
        for reader, inputs in sorted(found.inputs.items())
        for one in inputs
        if "@" in one.producer
    )


def _without(jobs: Mapping[str, JobFile], wrong: set[str], problems: list[Problem]) -> dict[str, JobFile]:
    """Return `jobs` without the wrong ones, and without what can only start after these."""
    left = {identity: job for identity, job in jobs.items() if identity not in wrong}
    while lost := [identity for identity, job in left.items() if set(job.config.after) - set(left)]:
        for identity in lost:
            job = left.pop(identity)
            problems.append(Problem(job.file, "after", "jobs that can start", ", ".join(job.config.after)))
    return left


def _rings_too_large(config: SupervisorConfig, jobs: Mapping[str, JobFile], found: Routes) -> list[Problem]:
    """Tell when the rings that can fill, those with readers, are together larger than the budget."""
    rings = {
        identity: int(job.config.stream.size)
        for identity, job in jobs.items()
        if config.shared_memory and job.config.stream.keep == "memory" and found.readers_of(identity)
    }
    total = sum(rings.values())
    if total <= config.ring_budget:
        return []
    largest = max(rings, key=lambda identity: rings[identity])
    return [
        Problem(
            jobs[largest].file,
            "stream.size",
            f"at most {config.ring_budget.human_readable()} in all streams together (ring_budget)",
            f"{total / 1e9:.3g} GB, of which {rings[largest] / 1e9:.3g} GB here",
            "make streams smaller, or keep this one on disk",
        )
    ]
