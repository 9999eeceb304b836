"""Ending processes that an earlier supervisor of the same state directory left behind.

The kernel ends children with their supervisor; this is for what escaped that: a grandchild in a
session of its own. They are known by the supervisor's mark in their environment.
"""

import contextlib
import logging
import os
from collections.abc import Collection

import psutil

from dsa_hcal_assets.processes import ProcessIdentity
from dsa_hcal_assets.services.environment import SUPERVISOR_VARIABLE

log = logging.getLogger(__name__)


def leftovers(identity: str) -> list[psutil.Process]:
    """Return this user's processes that carry a supervisor's mark, except this one and its ancestors."""
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid in own or process.uids().real != os.getuid():
                continue
            if process.environ().get(SUPERVISOR_VARIABLE) == identity:
                found.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return found


def sweep(identity: str, seconds: float = 5.0) -> int:
    """Kill what carries the mark; return how many there were."""
    found = leftovers(identity)
    for process in found:
        log.warning("ending process %d, left behind: %s", process.pid, process.name())
        process.kill()
    psutil.wait_procs(found, timeout=seconds)
    return len(found)


def reap_adopted(own: Collection[int]) -> None:
    """Collect the ends of adopted orphans.

    Parameters
    ----------
    own
        Children started by this process, whose exit status somebody else here is waiting for.
    """
    for child in psutil.Process().children():
        # either error: it has been collected meanwhile
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            if child.pid not in own and not ProcessIdentity.of(child.pid).alive():
                os.waitpid(child.pid, os.WNOHANG)
