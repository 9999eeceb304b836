import json
from pathlib import Path

import pytest

from dsa_hcal_assets.daq.jobs.logs import log_path
from dsa_hcal_assets.daq.supervisor.output import OutputFollower, output_path


@pytest.fixture
def output(tmp_path: Path) -> Path:
    path = output_path(tmp_path, "job")
    path.parent.mkdir()
    path.write_text("from an earlier process\n")
    return path


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def logged(tmp_path: Path) -> list[str]:
    return [json.loads(line)["message"] for line in log_path(tmp_path, "job").read_text().splitlines()]


def test_new_lines_are_logged_once_and_an_unfinished_one_when_the_process_has_ended(output, tmp_path):
    follower = OutputFollower(tmp_path, "job")
    append(output, "one\ntwo\nthr")
    assert follower.follow() == ["one", "two"]
    append(output, "ee")
    assert follower.follow() == []
    assert follower.follow(ended=True) == ["three"]
    assert follower.follow(ended=True) == []
    assert logged(tmp_path) == ["one", "two", "three"]


def test_a_flood_is_followed_to_its_end_and_the_file_cut(output, tmp_path):
    follower = OutputFollower(tmp_path, "job")
    with output.open("a") as program:
        for number in range(50_000):
            program.write(f"{number:0100d}\n")
        program.flush()
        found = [line for _ in range(40) for line in follower.follow()]
        assert [int(line) for line in found] == list(range(50_000))
        assert output.stat().st_size == 0
        program.write("still here\n")
    assert follower.follow() == ["still here"]


def test_a_log_that_cannot_be_written_ends_nobody(output, tmp_path, caplog):
    follower = OutputFollower(tmp_path, "job")
    log_path(tmp_path, "job").mkdir()
    append(output, "a fault\n")
    assert follower.follow() == ["a fault"]
    assert "cannot be logged" in caplog.text
