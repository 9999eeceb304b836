"""Keeps the jobs of a plan running until told to stop. One thread, which never waits for a job."""

import logging
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.daq.durable_file import explain_os_error
from dsa_hcal_assets.daq.jobs.files import BadFile, Problem
from dsa_hcal_assets.daq.jobs.types import known_types
from dsa_hcal_assets.daq.supervisor.config import SupervisorConfig, reread_supervisor_config
from dsa_hcal_assets.daq.supervisor.directory import JobFile, consistent, read_directory, read_job_text
from dsa_hcal_assets.daq.supervisor.plan import Plan, make_plan
from dsa_hcal_assets.daq.supervisor.readers import settle_readers
from dsa_hcal_assets.daq.supervisor.seat import Seat
from dsa_hcal_assets.daq.supervisor.states import State
from dsa_hcal_assets.daq.supervisor.status import SupervisorStatus
from dsa_hcal_assets.daq.supervisor.surroundings import Surroundings
from dsa_hcal_assets.errors import ConfigurationError

log = logging.getLogger(__name__)

LOOP_SECONDS = 0.1
_LATE_SECONDS = 2.0
_ORDERED = "an order"


class UnknownJob(ConfigurationError):
    """No job of this id is configured."""


class Supervisor:
    """The jobs of a configuration directory.

    Parameters
    ----------
    config
        The supervisor's own options.
    config_dir
        Where the jobs' files are.
    surroundings
        What all jobs share.
    """

    def __init__(self, config: SupervisorConfig, config_dir: Path, surroundings: Surroundings) -> None:
        self.config = config
        self._config_dir = config_dir
        self._around = surroundings
        self._files: Mapping[str, JobFile] = {}
        self._guests: dict[str, JobFile] = {}
        self._problems: tuple[Problem, ...] = ()
        self._seats: dict[str, Seat] = {}
        self._leaving: list[Seat] = []
        self._last_step = surroundings.clock()

    # --- the loop ---

    def step(self) -> None:
        """Listen to every job and look after it once."""
        now = self._around.clock()
        late, self._last_step = now - self._last_step - LOOP_SECONDS, now
        for life in self._around.lines.lives():
            seat = self._seats.get(life.job)
            if seat is None or not seat.hear(life):
                log.debug("a sign of life of %s is not from its present process", life.job)
        if late > _LATE_SECONDS:
            log.warning("this supervisor was held up for %.1f s", late)
            for seat in self._seats.values():
                seat.forgive(late)
        for seat in (*self._seats.values(), *self._leaving):
            seat.watch()
        self._leaving = [seat for seat in self._leaving if seat.pid is not None]
        for seat in self._seats.values():
            if seat.due():
                self._start_if_possible(seat)

    def status(self, control: str = "") -> SupervisorStatus:
        """Return where every job stands."""
        return SupervisorStatus(
            self.config.id,
            self.config.tags,
            self._around.identity,
            utc_now().isoformat(),
            str(self._config_dir),
            control,
            tuple(str(problem) for problem in self._problems),
            tuple(seat.status() for seat in (*self._seats.values(), *self._leaving)),
        )

    def summary(self) -> str:
        """Return how the jobs are, in one line."""
        states = Counter(seat.state.value for seat in self._seats.values())
        return ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "no jobs"

    def stop(self) -> None:
        """End all jobs in order: producers, then who reads them, then the broker."""
        while self._seats or self._leaving:
            first = [seat for seat in self._seats.values() if not self._is_needed(seat)]
            for seat in first or list(self._seats.values()):
                seat.ask_stop("the supervisor stops")
                self._leaving.append(self._seats.pop(seat.id))
            while any(seat.pid is not None for seat in self._leaving):
                for life in self._around.lines.lives():
                    for seat in self._leaving:
                        seat.hear(life)
                for seat in self._leaving:
                    seat.watch()
                time.sleep(0.02)
            self._leaving = []

    # --- the configuration ---

    def reload(self) -> list[str]:
        """Read the directory again and change only what has changed; return what that was.

        Raises
        ------
        NoConfiguration
            If the directory has gone; nothing is changed.
        DiskFull, WriteFailed
            If the plan cannot be written down; no process is changed.
        """
        known_types.cache_clear()
        found = read_directory(self._config_dir, self._files)
        self.config, own_problems = reread_supervisor_config(self.config, self._config_dir)
        self._files = found.jobs
        return self._apply((*own_problems, *found.problems))

    def run(self, text: str) -> str:
        """Run a job from TOML text for as long as this supervisor lives; return its id.

        Raises
        ------
        BadFile
            If the text is wrong, its id is taken by a file, or its type is not one of the installed ones.
        """
        guest = read_job_text(text, _ORDERED)
        identity = guest.config.id
        if guest.config.type not in known_types():
            raise BadFile(
                [Problem(_ORDERED, "type", f"one of {', '.join(known_types())}", repr(guest.config.type))]
            )
        if identity in self._files:
            taken = f"{identity!r}, as in {self._files[identity].file}"
            raise BadFile([Problem(_ORDERED, "id", "an id of its own", taken)])
        guests = {**self._guests, identity: guest}
        wanted = consistent([*self._files.values(), *guests.values()])
        own = [problem for problem in (*wanted.problems, *make_plan(self.config, wanted.jobs).problems)
               if problem.file == _ORDERED]  # fmt: skip
        if own:
            raise BadFile(own)
        self._guests = guests
        self._apply(tuple(problem for problem in self._problems if problem.file != _ORDERED))
        return identity

    def seat(self, identity: str) -> Seat:
        """Return a job.

        Raises
        ------
        UnknownJob
            If there is none of that id.
        """
        try:
            return self._seats[identity]
        except KeyError:
            raise UnknownJob(
                f"there is no job {identity!r}", expected=f"one of {', '.join(self._seats)}"
            ) from None

    def _apply(self, problems: tuple[Problem, ...]) -> list[str]:
        wanted = consistent([*self._files.values(), *self._guests.values()], problems)
        plan = make_plan(self.config, wanted.jobs)
        self._problems = (*wanted.problems, *plan.problems)
        for problem in self._problems:
            log.error("%s", problem)
        try:
            settle_readers(self._around.context.place, plan)
        except OSError as error:
            raise explain_os_error(self._around.context.run_dir, 0, error) from error
        return self._change_seats(plan)

    def _change_seats(self, plan: Plan) -> list[str]:
        changes: list[str] = []
        for identity in set(self._seats) - set(plan.jobs):
            seat = self._seats.pop(identity)
            seat.ask_stop("taken out of the configuration")
            self._leaving.append(seat)
            changes.append(f"{identity}: removed")
        for identity, planned in plan.jobs.items():
            if identity not in self._seats:
                self._seats[identity] = Seat(planned, self._around)
                changes.append(f"{identity}: added")
            elif not self._seats[identity].planned.same_process(planned):
                changes.append(f"{identity}: changed")
            self._seats[identity].replace(planned)
        self._seats = {identity: self._seats[identity] for identity in plan.jobs}
        for change in changes:
            log.info("%s", change)
        return changes

    # --- parts ---

    def _start_if_possible(self, seat: Seat) -> None:
        missing = [name for name in seat.planned.waits_for if not self._has_run(name)]
        if missing:
            seat.enter(seat.state, f"waits for {', '.join(missing)}")
            return
        coming = [name for name in seat.planned.follows if self._is_coming(name)]
        if coming and seat.waited() < self.config.reader_patience and not seat.has_run:
            seat.enter(seat.state, f"lets {', '.join(coming)} start first")
            return
        # its successor in the plan may not meet its own old process in the same stream
        if not any(leaving.id == seat.id for leaving in self._leaving):
            seat.start()

    def _has_run(self, name: str) -> bool:
        seat = self._seats.get(name)
        return seat is not None and (seat.has_run or seat.state is State.DONE)

    def _is_coming(self, name: str) -> bool:
        seat = self._seats.get(name)
        return seat is not None and not seat.has_run and seat.state in (State.WAITING, State.STARTING)

    def _is_needed(self, seat: Seat) -> bool:
        """Tell whether a job that still runs sends to this one, or was started after it."""
        return any(
            seat.id in (*other.planned.waits_for, *other.planned.follows)
            for other in self._seats.values()
            if other is not seat
        )
