"""What may be ordered from outside, carried out on the supervisor."""

import logging
from pathlib import Path

import msgspec

from dsa_hcal_assets.daq.control.requests import (
    FetchLog,
    ListJobs,
    PauseJob,
    Reload,
    Request,
    ResumeJob,
    RunJob,
    SetJobInterval,
    ShowStatus,
    StartJob,
    StopJob,
)
from dsa_hcal_assets.daq.jobs.durations import written
from dsa_hcal_assets.daq.jobs.logs import last_lines, log_path
from dsa_hcal_assets.daq.supervisor.supervisor import Supervisor
from dsa_hcal_assets.errors import PlatformError

log = logging.getLogger(__name__)


class Orders:
    """Carries out requests; what they need of a job's process is asked for, never waited for.

    Parameters
    ----------
    supervisor
        On whom.
    run_dir
        Where the logs are.
    """

    def __init__(self, supervisor: Supervisor, run_dir: Path) -> None:
        self._supervisor = supervisor
        self._run_dir = run_dir

    def carry_out(self, request: Request) -> object:
        """Do what is asked and return what is to be answered, something JSON can say.

        Raises
        ------
        PlatformError
            If it cannot be done.
        """
        supervisor = self._supervisor
        match request:
            case ListJobs():
                return [
                    {"id": job.id, "type": job.type, "state": job.state} for job in supervisor.status().jobs
                ]
            case ShowStatus():
                return msgspec.to_builtins(supervisor.status())
            case FetchLog(job, lines):
                return last_lines(log_path(self._run_dir, supervisor.seat(job).id), lines)
            case StartJob(job):
                supervisor.seat(job).ask_start()
                return f"{job} is started"
            case StopJob(job):
                supervisor.seat(job).ask_stop("stopped by order")
                return f"{job} is stopped"
            case PauseJob(job):
                supervisor.seat(job).pause()
                return f"{job} is paused"
            case ResumeJob(job):
                supervisor.seat(job).resume()
                return f"{job} goes on"
            case SetJobInterval(job, seconds):
                supervisor.seat(job).set_interval(seconds)
                return f"{job} makes a step each {written(seconds)}"
            case Reload():
                return supervisor.reload()
            case RunJob(text):
                return f"{supervisor.run(text)} is started"

    def reload_on_signal(self) -> None:
        """Reload; what is wrong is logged, because nobody waits for an answer."""
        try:
            self._supervisor.reload()
        except PlatformError as error:
            log.error("%s", error)
