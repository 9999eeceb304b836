"""Logs as JSON lines: one object a record, in files that are turned over by size."""

import json
import logging
import logging.handlers
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from io import TextIOBase
from pathlib import Path

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.daq.durable_file import make_directory
from dsa_hcal_assets.daq.identity import safe_name
from dsa_hcal_assets.daq.jobs.config import LogConfig


def log_path(run_dir: Path, job: str) -> Path:
    """Return the log of a job."""
    return run_dir / "logs" / f"{safe_name(job)}.jsonl"


class JsonLines(logging.Formatter):
    """One JSON object a record: time (UTC), level, logger, message, and what is common to all."""

    def __init__(self, common: Mapping[str, str | int]) -> None:
        super().__init__()
        self._common = dict(common)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line: dict[str, str | int] = {
            "time": _stamp(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **self._common,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class LoggedText(TextIOBase):
    """A standing-in for `sys.stdout` or `sys.stderr` that logs each line printed."""

    def __init__(self, logger: logging.Logger, level: int) -> None:
        self._logger, self._level = logger, level
        self._begun = ""

    def write(self, text: str) -> int:
        """Log the lines that are complete with `text`."""
        *lines, self._begun = (self._begun + text).split("\n")
        for line in filter(None, lines):
            self._logger.log(self._level, "%s", line)
        return len(text)

    def writable(self) -> bool:
        """Return True."""
        return True


def log_as_json_lines(path: Path, config: LogConfig, common: Mapping[str, str | int]) -> None:
    """Send this process's log, warnings and prints to `path`.

    What code below Python writes to the standard streams is not caught here; the supervisor has them in
    a file of their own, which outlives a crash.
    """
    make_directory(path.parent)
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=config.size, backupCount=config.files, encoding="utf-8"
    )
    handler.setFormatter(JsonLines(common))
    logging.basicConfig(level=config.level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    sys.stdout = LoggedText(logging.getLogger("stdout"), logging.INFO)
    sys.stderr = LoggedText(logging.getLogger("stderr"), logging.WARNING)


def append_lines(path: Path, logger: str, level: str, lines: list[str], common: Mapping[str, str]) -> None:
    """Append lines another process wrote to its standard streams to its log, as records.

    The log is opened for this one write, so that its own process may turn it over at any time.
    """
    now = _stamp(utc_now())
    records = [
        json.dumps(
            {"time": now, "level": level, "logger": logger, "message": line, **common}, ensure_ascii=False
        )
        for line in lines
    ]
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(f"{record}\n" for record in records))


def last_lines(path: Path, count: int) -> list[str]:
    """Return the last `count` lines of a log, older files of it included, oldest first."""
    found: list[str] = []
    for file in (path, *(path.with_name(f"{path.name}.{number}") for number in range(1, 100))):
        if len(found) >= count:
            break
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            break
        found = text.splitlines()[-(count - len(found)) :] + found
    return found


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
