"""A job's process: spawned in a group of its own, asked to end, killed with all it started."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil

from dsa_hcal_assets.daq.durable_file import make_directory
from dsa_hcal_assets.processes import has_ended, kill_group

RUN_VARIABLE = "DSA_HCAL_DAQ_RUN_DIR"
"""In the environment of every process of a run, so that a later supervisor finds what is left of it."""


class JobProcess:
    """One process of a job, running from the moment this is made.

    It outlives its supervisor for as long as it takes to end in order (`jobs.stopping`).

    Parameters
    ----------
    assignment
        File that says what to run.
    output
        File its standard streams are appended to.
    run_dir
        The run it belongs to.

    Raises
    ------
    OSError
        If the file cannot be opened or no process be made.
    NotADirectory, DiskFull, WriteFailed
        If there is no directory for it, and none can be made.
    """

    def __init__(self, assignment: Path, output: Path, run_dir: Path) -> None:
        make_directory(output.parent)
        with output.open("ab") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dsa_hcal_assets.daq.jobs", str(assignment)],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env={**os.environ, RUN_VARIABLE: str(run_dir)},
                # a terminal's Ctrl-C is for the supervisor, which ends jobs in order
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def ended(self) -> int | None:
        """Return its exit code (negative: killed by that signal), None while it runs.

        What it started and left behind is killed.
        """
        # the group first, while the number of its leader is still its own
        if os.name == "posix" and self._process.returncode is None and has_ended(self.pid):
            kill_group(self.pid)
        return self._process.poll()

    def ask_to_end(self) -> None:
        """Ask by signal, where a signal is not the end itself (Windows)."""
        if os.name == "posix" and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it and what it started, and collect it."""
        if self._process.poll() is None:
            _kill_tree(self.pid)
        self._process.wait(10)


def end_leftovers(run_dir: Path, seconds: float) -> list[int]:
    """End what an earlier, killed supervisor of `run_dir` left; return the numbers of its processes.

    They end by themselves when their supervisor dies; what has not after `seconds` is killed.
    """
    found = _leftovers(run_dir)
    for process in found:
        if psutil.POSIX:
            _quietly(process.terminate)
    _, alive = psutil.wait_procs(found, timeout=seconds)
    for process in alive:
        _quietly(process.kill)
    psutil.wait_procs(alive, timeout=10)
    return [process.pid for process in found]


def _leftovers(run_dir: Path) -> list[psutil.Process]:
    me = psutil.Process()
    own = {me.pid, *(parent.pid for parent in me.parents())}
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid not in own and process.environ().get(RUN_VARIABLE) == str(run_dir):
                found.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess, OSError):
            continue
    return found


def _kill_tree(pid: int) -> None:
    if os.name == "posix":
        kill_group(pid)
        return
    process = psutil.Process(pid)
    for one in (*process.children(recursive=True), process):
        _quietly(one.kill)


def _quietly(act: Callable[[], object]) -> None:
    """Act on a process that may have ended meanwhile."""
    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        act()
