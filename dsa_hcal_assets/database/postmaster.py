"""Which PostgreSQL processes really live on a data directory, and how to end them.

``postmaster.pid`` alone proves nothing: it survives kill -9, its number may belong to a zombie or
to another program by now, and backends may outlive their postmaster. What counts is a process
that is named postgres and works in the data directory.
"""

import contextlib
import logging
import signal
import time
from pathlib import Path

import psutil

from dsa_hcal_assets.errors import DeadlineExceeded

logger = logging.getLogger(__name__)

PID_FILE = "postmaster.pid"


def processes(data_dir: Path) -> list[psutil.Process]:
    """Return the living PostgreSQL processes of `data_dir`, postmaster and backends alike."""
    real = data_dir.resolve()
    found = []
    for process in psutil.process_iter(["name", "status"]):
        if not (process.info["name"] or "").startswith("postgres"):
            continue
        with contextlib.suppress(psutil.Error):
            if process.info["status"] != psutil.STATUS_ZOMBIE and Path(process.cwd()) == real:
                found.append(process)
    return found


def recorded(data_dir: Path) -> tuple[int, int] | None:
    """Return (pid, port) from ``postmaster.pid`` if that process serves `data_dir`, else None."""
    try:
        lines = (data_dir / PID_FILE).read_text(encoding="utf-8").splitlines()
        pid, port = int(lines[0]), int(lines[3])
    except (OSError, ValueError, IndexError):
        return None
    return (pid, port) if any(process.pid == pid for process in processes(data_dir)) else None


def end_all(data_dir: Path, seconds: float) -> None:
    """End whatever still works in `data_dir` (orphans of a killed owner) and clear the way for a start.

    Postgres refuses to start while the number in ``postmaster.pid`` exists, even as a zombie, so a
    stale file is removed; but only after no process of the directory lives any more, because the
    file is also what keeps a second postmaster away from shared memory still in use.

    Raises
    ------
    DeadlineExceeded
        If a process survives SIGINT, SIGQUIT and SIGKILL for `seconds` in all.
    """
    for number, share in ((signal.SIGINT, 0.6), (signal.SIGQUIT, 0.2), (signal.SIGKILL, 0.2)):
        living = processes(data_dir)
        if not living:
            break
        logger.warning("%d PostgreSQL processes left over in %s: %s", len(living), data_dir, number.name)
        _send(data_dir, living, number)
        _wait_gone(data_dir, time.monotonic() + seconds * share)
    if processes(data_dir):
        raise DeadlineExceeded(
            f"PostgreSQL processes of {data_dir} did not end within {seconds:g} s",
            remedy="end them by hand and start again",
        )
    (data_dir / PID_FILE).unlink(missing_ok=True)


def _send(data_dir: Path, living: list[psutil.Process], number: signal.Signals) -> None:
    master = recorded(data_dir)
    for process in living:
        # A fast shutdown is the postmaster's to conduct; the others are told only when it is gone.
        if number is signal.SIGINT and master is not None and process.pid != master[0]:
            continue
        # A backend takes SIGINT as "cancel", SIGTERM as "end".
        orphaned = number is signal.SIGINT and master is None
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGTERM if orphaned else number)


def _wait_gone(data_dir: Path, deadline: float) -> None:
    while processes(data_dir) and time.monotonic() < deadline:
        time.sleep(0.05)
