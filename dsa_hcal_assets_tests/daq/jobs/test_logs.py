import json
import logging
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsa_hcal_assets.daq.jobs.config import LogConfig
from dsa_hcal_assets.daq.jobs.logs import append_lines, last_lines, log_as_json_lines


@pytest.fixture
def own_logging() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level, sys.stdout, sys.stderr
    # whoever captured warnings in this process before: a second capture would be none
    logging.captureWarnings(capture=False)
    yield
    for handler in root.handlers:
        handler.close()
    logging.captureWarnings(capture=False)
    root.handlers, level, sys.stdout, sys.stderr = before
    root.setLevel(level)


def records(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.usefixtures("own_logging")
def test_log_prints_warnings_and_tracebacks_become_json_lines(tmp_path: Path):
    path = tmp_path / "logs" / "job.jsonl"
    log_as_json_lines(path, LogConfig(), {"job": "a/b"})
    logging.getLogger("x").info("grün %d", 1)
    logging.getLogger("x").debug("not at this level")
    print("one\ntwo", end="")  # noqa: T201
    print("", flush=True)  # noqa: T201
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("mind this", stacklevel=1)
    try:
        raise ValueError("bad")
    except ValueError:
        logging.exception("failed")
    found = records(path)
    assert [line["message"] for line in found[:3]] == ["grün 1", "one", "two"]
    assert [line["logger"] for line in found] == ["x", "stdout", "stdout", "py.warnings", "root"]
    assert "ValueError: bad" in str(found[-1]["exception"])
    assert all(line["job"] == "a/b" and str(line["time"]).endswith("Z") for line in found)


@pytest.mark.usefixtures("own_logging")
def test_a_log_is_turned_over_by_size_and_read_across_its_files(tmp_path: Path):
    path = tmp_path / "job.jsonl"
    log_as_json_lines(path, LogConfig(size=1000, files=2), {})
    for number in range(50):
        logging.getLogger("x").info("line %d", number)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["job.jsonl", "job.jsonl.1", "job.jsonl.2"]
    assert all(file.stat().st_size <= 1000 for file in tmp_path.iterdir())
    messages = [json.loads(line)["message"] for line in last_lines(path, 15)]
    assert messages == [f"line {number}" for number in range(35, 50)]


def test_lines_of_another_process_are_appended_as_records(tmp_path: Path):
    path = tmp_path / "job.jsonl"
    append_lines(path, "output", "WARNING", ["Fatal error", 'a "quoted" one'], {"job": "j"})
    assert [line["message"] for line in records(path)] == ["Fatal error", 'a "quoted" one']


def test_a_log_that_is_not_there_has_no_lines(tmp_path: Path):
    assert last_lines(tmp_path / "no.jsonl", 10) == []
