"""One job of the plan and where it stands: started, listened to, restarted with patience, ended."""

import logging
import secrets

import psutil

from dsa_hcal_assets.daq.jobs.assignment import Assignment, write_assignment
from dsa_hcal_assets.daq.jobs.context import JobContext
from dsa_hcal_assets.daq.jobs.line import Doing, Life, Pause, Resume, SetInterval, Stop
from dsa_hcal_assets.daq.jobs.logs import log_path
from dsa_hcal_assets.daq.supervisor.output import OutputFollower, output_path
from dsa_hcal_assets.daq.supervisor.plan import PlannedJob
from dsa_hcal_assets.daq.supervisor.process import JobProcess
from dsa_hcal_assets.daq.supervisor.restarts import Failures, Patience
from dsa_hcal_assets.daq.supervisor.states import JobStatus, State
from dsa_hcal_assets.daq.supervisor.surroundings import Surroundings
from dsa_hcal_assets.errors import PlatformError
from dsa_hcal_assets.processes import describe_exit

log = logging.getLogger(__name__)

_MARGIN_SECONDS = 2.0
IDLE = (State.WAITING, State.STOPPED, State.BACKING_OFF, State.CRASH_LOOP, State.DONE)


class Seat:
    """A job and its present process, if any.

    Parameters
    ----------
    planned
        The job.
    surroundings
        What all seats share.

    Attributes
    ----------
    planned
        As given, or as replaced.
    state, detail
        Where it stands.
    has_run
        Whether it has been seen running since the supervisor began.
    """

    def __init__(self, planned: PlannedJob, surroundings: Surroundings) -> None:
        self.planned = planned
        self.state = State.WAITING if planned.job.config.enabled else State.STOPPED
        self.detail = "" if planned.job.config.enabled else "not enabled in its file"
        self.has_run = False
        self._around = surroundings
        self._clock = surroundings.clock
        self._since = self._clock()
        self._process: JobProcess | None = None
        self._usage: psutil.Process | None = None
        self._output = OutputFollower(surroundings.context.run_dir, planned.id)
        self._token = ""
        self._life: Life | None = None
        self._heard_at = 0.0
        self._next_start = 0.0
        self._starts = self._failed = 0
        self._last_failure = ""
        self._again = False
        self._interval: float | None = None
        self._paused = False
        self._failures = Failures(_patience(planned))

    @property
    def id(self) -> str:
        """Id of the job."""
        return self.planned.id

    @property
    def pid(self) -> int | None:
        """Number of its process."""
        return None if self._process is None else self._process.pid

    def waited(self) -> float:
        """Return the seconds since it came into its state."""
        return self._clock() - self._since

    # --- the supervisor's loop ---

    def due(self) -> bool:
        """Return whether it is to be started now, as far as it knows itself."""
        waiting = self.state in (State.WAITING, State.BACKING_OFF, State.CRASH_LOOP)
        return waiting and self._clock() >= self._next_start

    def start(self) -> None:
        """Start a process of it."""
        config = self.planned.job.config
        self._token = secrets.token_hex(16)
        self._life, self._heard_at = None, self._clock()
        try:
            self._process = JobProcess(
                write_assignment(self._assignment()),
                output_path(self._around.context.run_dir, self.id),
                self._around.context.run_dir,
            )
            self._usage = psutil.Process(self._process.pid)
        except (OSError, psutil.NoSuchProcess, PlatformError) as error:
            self._fail(f"cannot be started: {error}")
            return
        self._starts += 1
        log.info("%s: started, process %d (%s)", self.id, self._process.pid, config.type)
        self.enter(State.STARTING)

    def hear(self, life: Life) -> bool:
        """Take a sign of life; return whether it was from the present process."""
        if not secrets.compare_digest(life.token, self._token) or self._process is None:
            return False
        self._life, self._heard_at = life, self._clock()
        if self.state in (State.STARTING, State.RUNNING, State.PAUSED):
            if life.doing is Doing.RUNNING:
                self.has_run = True
                self.enter(State.RUNNING, life.detail)
            elif life.doing is Doing.PAUSED:
                self.has_run = True
                self.enter(State.PAUSED, life.detail)
        return True

    def forgive(self, seconds: float) -> None:
        """Do not count a time in which the supervisor itself did not listen."""
        self._heard_at += seconds
        self._since += seconds

    def watch(self) -> None:
        """Look after the process."""
        if self._process is None:
            return
        self._output.follow()
        code = self._process.ended()
        if code is not None:
            self._ended(code)
        elif self.state is State.STARTING:
            deadline = self.planned.job.config.start_deadline
            if self.waited() > deadline:
                self._kill_and_fail(f"not set up within {deadline:g} s")
        elif self.state is State.STOPPING:
            if self.waited() > self.planned.job.config.stop_deadline + _MARGIN_SECONDS:
                log.warning("%s: killed, it did not end when asked", self.id)
                self._process.kill()
                self._stopped()
        elif self._clock() - self._heard_at > self.planned.job.config.hang_after:
            silent = self._clock() - self._heard_at
            self._kill_and_fail(f"hung: no sign of life for {silent:.1f} s")

    # --- orders ---

    def ask_start(self) -> None:
        """Start it as soon as it may; failures so far are forgotten."""
        self._failures.forget()
        self._next_start = 0.0
        if self.state is State.STOPPING:
            self._again = True
        elif self.state in IDLE:
            self.enter(State.WAITING)

    def ask_stop(self, detail: str = "") -> None:
        """End it in order; it stays ended."""
        self._again = False
        if self._process is None:
            self.enter(State.STOPPED, detail)
        elif self.state is not State.STOPPING:
            self._around.lines.order(self._token, Stop())
            self._process.ask_to_end()
            self.enter(State.STOPPING, detail)

    def ask_restart(self, detail: str) -> None:
        """End its process in order and start another one."""
        if self._process is None:
            self.ask_start()
        else:
            self.ask_stop(detail)
            self._again = True

    def pause(self) -> None:
        """Have it make no steps, in this process and later ones."""
        self._paused = True
        self._around.lines.order(self._token, Pause())

    def resume(self) -> None:
        """Have it go on."""
        self._paused = False
        self._around.lines.order(self._token, Resume())

    def set_interval(self, seconds: float) -> None:
        """Have it make a step each `seconds`, in this process and later ones, until its file changes."""
        self._interval = seconds
        self._around.lines.order(self._token, SetInterval(seconds))

    def replace(self, planned: PlannedJob) -> None:
        """Take the job as it is planned now; its process is replaced if that matters to it."""
        same = self.planned.same_process(planned)
        enabled_before = self.planned.job.config.enabled
        self.planned = planned
        if same:
            return
        self._failures = Failures(_patience(planned))
        self._interval = None
        if not planned.job.config.enabled:
            self.ask_stop("not enabled in its file")
        elif self.state in (State.STOPPED, State.STOPPING) and enabled_before:
            # somebody stopped it: a new file is no reason to start it
            return
        else:
            self.ask_restart("its configuration has changed")

    def kill(self) -> None:
        """End it now."""
        if self._process is not None:
            self._process.kill()
            self._stopped()

    def status(self) -> JobStatus:
        """Return where it stands."""
        job, life = self.planned.job, self._life
        memory, cpu = self._used()
        return JobStatus(
            self.id,
            job.config.type,
            job.file,
            self.state,
            self.detail,
            self.pid,
            round(self.waited(), 3),
            max(0, self._starts - 1),
            self._failed,
            self._last_failure,
            life.interval if life and life.interval else (self._interval or job.config.interval),
            life.skipped if life else 0,
            None if self._process is None else round(self._clock() - self._heard_at, 3),
            tuple(one.producer for one in self.planned.inputs),
            life.metrics if life else None,
            memory,
            cpu,
        )

    # --- parts ---

    def enter(self, state: State, detail: str = "") -> None:
        """Come into a state."""
        if state is not self.state:
            self._since = self._clock()
        self.state, self.detail = state, detail

    def _assignment(self) -> Assignment:
        common, job = self._around.context, self.planned.job
        context = JobContext(
            common.supervisor,
            common.place,
            common.endpoints,
            self.planned.inputs,
            self.planned.readers,
            common.tags,
            self._starts,
        )
        return Assignment(
            self.id,
            job.file,
            job.text,
            context,
            self._around.lines.endpoint,
            self._token,
            self._around.identity,
            self._interval,
            self._paused,
        )

    def _ended(self, code: int) -> None:
        if self.state is State.STOPPING:
            self._stopped()
        elif code == 0 and self.planned.job.config.restart.when != "ended":
            self._forget_process()
            log.info("%s: done", self.id)
            self.enter(State.DONE, "ended by itself")
        else:
            told = self._life.detail if self._life and self._life.doing is Doing.FAILED else ""
            self._fail(f"{describe_exit(code)}{f': {told}' if told else ''}")

    def _kill_and_fail(self, reason: str) -> None:
        if self._process is not None:
            self._process.kill()
        self._fail(reason)

    def _fail(self, reason: str) -> None:
        last = self._forget_process()
        self._failed += 1
        delay = self._failures.add(self._clock())
        self._next_start = self._clock() + delay
        detail = f"{reason}: {last}" if last and ": " not in reason else reason
        self._last_failure = detail
        if self.planned.job.config.restart.when == "never":
            log.error("%s: %s; it is not started again, as its file says", self.id, detail)
            self.enter(State.STOPPED, detail)
            return
        looping = self._failures.looping
        log.error("%s: %s; next start in %.1f s; its log is %s", self.id, detail, delay,
                  log_path(self._around.context.run_dir, self.id))  # fmt: skip
        self.enter(State.CRASH_LOOP if looping else State.BACKING_OFF, detail)

    def _stopped(self) -> None:
        self._forget_process()
        log.info("%s: stopped", self.id)
        again, self._again = self._again, False
        self.enter(State.WAITING if again else State.STOPPED, "" if again else self.detail)
        self._next_start = 0.0

    def _forget_process(self) -> str:
        """Let go of the process that has ended; return the last line it wrote to its standard streams."""
        lines = self._output.follow(ended=True)
        self._around.lines.forget(self._token)
        self._process = self._usage = None
        self._token = ""
        return lines[-1] if lines else ""

    def _used(self) -> tuple[int | None, float | None]:
        if self._usage is None:
            return None, None
        try:
            with self._usage.oneshot():
                return self._usage.memory_info().rss, round(self._usage.cpu_percent() / 100, 3)
        except psutil.Error:
            return None, None


def _patience(planned: PlannedJob) -> Patience:
    restart = planned.job.config.restart
    return Patience(restart.first_delay, restart.longest_delay, restart.budget, restart.budget_window)
