"""Log files of jobs: the last lines of one call, and a bound on how large a file may grow."""

import os
from pathlib import Path

LARGEST_LOG = 64 * 2**20
_KEPT_BYTES = 2**20
_TAIL_BYTES = 2000
_TAIL_LINES = 12


def log_size(log: Path) -> int:
    """Return the size of a log in bytes; 0 if there is none."""
    try:
        return log.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0


def log_tail(log: Path, start: int = 0) -> str:
    """Return the last lines a job wrote, for an error message.

    Parameters
    ----------
    log
        The file.
    start
        Its size before the job, so that lines of earlier jobs are left out.
    """
    try:
        with log.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            # smaller than before: it was cut by `bound_log` in between
            file.seek(max(start if start <= size else 0, size - _TAIL_BYTES))
            text = file.read(_TAIL_BYTES).decode(errors="replace")
    except FileNotFoundError:
        return "(no log)"
    return "\n".join(text.splitlines()[-_TAIL_LINES:]).strip() or "(empty log)"


def open_log(log: Path) -> int:
    """Open a log for appending, creating its directory; return the file descriptor."""
    log.parent.mkdir(parents=True, exist_ok=True)
    return os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)


def bound_log(log: Path, largest: int = LARGEST_LOG) -> bool:
    """Cut a log that has grown beyond `largest` bytes down to its end; return whether it was.

    Writers append, so they continue behind what is kept. A limit on file sizes (RLIMIT_FSIZE) would
    also hit the data products, hence this watch from outside.
    """
    if log_size(log) <= largest:
        return False
    try:
        with log.open("rb+") as file:
            file.seek(-min(_KEPT_BYTES, largest // 2), os.SEEK_END)
            end = file.read()
            file.truncate(0)
    except FileNotFoundError:
        return False
    with log.open("ab") as file:
        file.write(f"(log cut here: it had grown beyond {largest} bytes)\n".encode() + end)
    return True
