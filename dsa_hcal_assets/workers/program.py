"""External programs (WSClean, AOFlagger, ...) under the guarantees of a worker call."""

import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from dsa_hcal_assets.errors import ConfigurationError, DeadlineExceeded, PermanentError, WorkerCrashed
from dsa_hcal_assets.processes import describe_exit, has_ended, kill_group, supervised
from dsa_hcal_assets.workers.logs import bound_log, log_size, log_tail, open_log

_LONGEST_LOOK_SECONDS = 0.25


class ProgramFailed(PermanentError):
    """An external program ended with an exit code other than 0."""


def run_program(
    argv: Sequence[str],
    *,
    wall_seconds: float,
    log: Path,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
) -> float:
    """Run a program to its end and return the seconds it took.

    It runs in its own process group, which is killed at the wall limit, when this process dies and
    when the program has ended but left something behind. Call it from a thread that stays alive.

    Parameters
    ----------
    argv
        Program and arguments (no shell).
    wall_seconds
        Wall limit.
    log
        File that receives (appended) the command line and all output.
    cwd
        Directory to run in.
    environment
        The whole environment; this process's own by default.

    Raises
    ------
    ConfigurationError
        If there is no such program.
    ProgramFailed
        If it ended with another exit code than 0.
    WorkerCrashed
        If a signal killed it.
    DeadlineExceeded
        If the wall limit passed.
    """
    path = None if environment is None else environment.get("PATH")
    program = shutil.which(argv[0], path=path)
    if program is None:
        raise ConfigurationError(
            f"program {argv[0]!r} is not installed",
            remedy="install it, or see `dsa-hcal doctor` for alternatives",
        )
    start, begun = log_size(log), time.monotonic()
    output = open_log(log)
    with open(output, "ab", closefd=True) as file:  # noqa: PTH123 - a descriptor, not a path
        file.write(f"--- {subprocess.list2cmdline(argv)}\n".encode())
        file.flush()
        process = subprocess.Popen(
            supervised([program, *argv[1:]]),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            cwd=cwd,
            env=None if environment is None else dict(environment),
            start_new_session=True,
        )
    try:
        _wait(process.pid, argv[0], wall_seconds, log, start)
    finally:
        # the group outlives its leader as long as anything the program started does
        kill_group(process.pid)
        process.wait(10)
    if process.returncode == 0:
        return time.monotonic() - begun
    what = f"{argv[0]} ended with {describe_exit(process.returncode)}"
    found = f"{log} ends with:\n{log_tail(log, start)}"
    raise WorkerCrashed(what, found=found) if process.returncode < 0 else ProgramFailed(what, found=found)


def _wait(pid: int, name: str, wall_seconds: float, log: Path, start: int) -> None:
    """Wait for the program's end, not reaping it, so that its group can still be killed by number."""
    begun = time.monotonic()
    while not has_ended(pid):
        waited = time.monotonic() - begun
        if waited >= wall_seconds:
            raise DeadlineExceeded(
                f"{name} was killed at its wall limit",
                expected=f"an end within {wall_seconds:g} s",
                found=f"{log} ends with:\n{log_tail(log, start)}",
                remedy="raise the limit or look for what blocks it",
            )
        bound_log(log)
        time.sleep(min(_LONGEST_LOOK_SECONDS, 0.005 + waited / 10, wall_seconds - waited))
