"""Where a job stands, for the supervisor, its status and whoever reads that."""

from enum import StrEnum
from typing import Any

import msgspec


class State(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    BACKING_OFF = "backing off"
    CRASH_LOOP = "crash loop"
    DONE = "done"


class JobStatus(msgspec.Struct, frozen=True):
    """One job as last seen by the supervisor.

    Attributes
    ----------
    id, type, file
        Which job.
    state, detail
        Where it stands, and the trouble or the reason.
    pid, since
        Its process, and seconds in this state.
    restarts, failures, last_failure
        Starts after the first one, ends that were not in order, and the reason of the last of these.
    interval, skipped
        Seconds between steps, and steps left out so far.
    silent
        Seconds since its last sign of life; None without a process.
    reads
        Producers whose streams it reads.
    metrics
        Last record of its counters (`statistics.JobRecord`).
    memory, cpu
        Resident bytes; processor time of the last second as a share of one processor.
    """

    id: str
    type: str
    file: str
    state: State
    detail: str = ""
    pid: int | None = None
    since: float = 0.0
    restarts: int = 0
    failures: int = 0
    last_failure: str = ""
    interval: float = 0.0
    skipped: int = 0
    silent: float | None = None
    reads: tuple[str, ...] = ()
    metrics: dict[str, Any] | None = None
    memory: int | None = None
    cpu: float | None = None
