"""What every job of a supervisor has in common."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from dsa_hcal_assets.daq.jobs.context import JobContext
from dsa_hcal_assets.daq.supervisor.line_server import LineServer


@dataclass(frozen=True)
class Surroundings:
    """What all seats share.

    Attributes
    ----------
    context
        Of a job without inputs and readers.
    lines
        Lines to the jobs.
    identity
        Of the supervisor's process.
    clock
        Seconds, monotonic.
    """

    context: JobContext
    lines: LineServer
    identity: str
    clock: Callable[[], float] = time.monotonic
