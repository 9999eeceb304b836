"""What a job's process writes below Python's log: to a file that outlives a crash, then into its log."""

import logging
from pathlib import Path

from dsa_hcal_assets.daq.identity import safe_name
from dsa_hcal_assets.daq.jobs.logs import append_lines, log_path

log = logging.getLogger(__name__)

_LARGEST = 4 * 2**20
_CHUNK = 256 * 2**10


def output_path(run_dir: Path, job: str) -> Path:
    """Return the file that a job's standard streams are appended to."""
    return run_dir / "logs" / f"{safe_name(job)}.output"


class OutputFollower:
    """Moves what the file of a job's standard streams gains into its JSON log.

    Parameters
    ----------
    run_dir
        The run.
    job
        Id of the job.
    """

    def __init__(self, run_dir: Path, job: str) -> None:
        self._job = job
        self._output, self._log = output_path(run_dir, job), log_path(run_dir, job)
        self._read = self._size()

    def follow(self, *, ended: bool = False) -> list[str]:
        """Log the lines that are new and return them; once `ended`, an unfinished last one too."""
        size = self._size()
        if size < self._read:
            self._read = 0
        if size == self._read:
            return []
        with self._output.open("rb") as file:
            file.seek(self._read)
            data = file.read(_CHUNK)
        if not ended:
            data = data[: data.rfind(b"\n") + 1] or (data if len(data) == _CHUNK else b"")
        self._read += len(data)
        lines = data.decode(errors="replace").splitlines()
        if lines:
            self._log_lines(lines)
        if self._read == size > _LARGEST:
            # its writers append, so they go on at the new end
            with self._output.open("r+b") as file:
                file.truncate(0)
            self._read = 0
        return lines

    def _log_lines(self, lines: list[str]) -> None:
        try:
            append_lines(self._log, "output", "WARNING", lines, {"job": self._job})
        except OSError as error:
            # a full disk must not end the jobs; the lines themselves stay in the file
            log.error("what %s printed cannot be logged in %s: %s", self._job, self._log, error)

    def _size(self) -> int:
        try:
            return self._output.stat().st_size
        except FileNotFoundError:
            return 0
