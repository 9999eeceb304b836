"""Every row a logger completes is delivered once, wherever the follower was stopped."""

import random

import pytest

from dsa_hcal_assets.daq import durable_file
from dsa_hcal_assets.rig import log_follower
from dsa_hcal_assets.rig.log_follower import LogFollower, LogUnavailable, PlaceUnreadable
from dsa_hcal_assets.rig.readings import read_file

HEADER = "timestamp,temperature,pressure,uptime\n"


def row(number):
    return f"2026-11-01T{number // 60:02d}:{number % 60:02d}:00Z,{20 + number},1000,{number}\n"


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "logger.csv"
    path.write_text(HEADER)
    return path


@pytest.fixture
def follow(log, tmp_path):
    return lambda **how: LogFollower(log, tmp_path / "incoming", tmp_path / "note.json", **how)


def append(log, text):
    with log.open("a") as file:
        file.write(text)


def uptimes(tmp_path):
    files = sorted((tmp_path / "incoming").glob("*.csv"))
    return [uptime for file in files for uptime in read_file(file).frame["uptime"].astype(int)]


def test_only_complete_rows_are_delivered(log, follow, tmp_path):
    follower = follow()
    assert follower.deliver() is None
    append(log, row(0) + row(1) + row(2)[:12])
    follower.deliver()
    assert uptimes(tmp_path) == [0, 1]
    append(log, row(2)[12:])
    follower.deliver()
    assert uptimes(tmp_path) == [0, 1, 2]
    assert follower.deliver() is None


def test_a_new_start_goes_on_where_the_last_one_ended(log, follow, tmp_path):
    append(log, row(0))
    follow().deliver()
    append(log, row(1))
    follow().deliver()
    assert uptimes(tmp_path) == [0, 1]


def test_a_long_log_comes_in_pieces(log, follow, tmp_path):
    append(log, "".join(map(row, range(50))))
    follower = follow(most_bytes=200)
    while follower.deliver() is not None:
        pass
    assert uptimes(tmp_path) == list(range(50))
    assert max(len(read_file(file).frame) for file in (tmp_path / "incoming").glob("*.csv")) < 10


def test_a_log_that_is_replaced_is_read_from_its_beginning(log, follow, tmp_path):
    append(log, row(0))
    follow().deliver()
    log.rename(log.with_suffix(".old"))
    log.write_text(HEADER + row(1))
    follow().deliver()
    assert uptimes(tmp_path) == [0, 1]


@pytest.mark.parametrize("seed", range(20))
def test_a_crash_between_any_two_writes_loses_and_doubles_nothing(log, follow, tmp_path, monkeypatch, seed):
    class Crash(BaseException):
        pass

    chance = random.Random(seed)

    def crashing(write):
        def perhaps(*arguments):
            if chance.random() < 0.2:
                raise Crash
            write(*arguments)
            if chance.random() < 0.2:
                raise Crash

        return perhaps

    monkeypatch.setattr(log_follower, "write_durably", crashing(durable_file.write_durably))
    monkeypatch.setattr(log_follower, "replace_durably", crashing(durable_file.replace_durably))
    follower = follow()
    for number in range(40):
        append(log, row(number))
        try:
            follower.deliver()
        except Crash:
            follower = follow()
    monkeypatch.undo()
    follower = follow()
    while follower.deliver() is not None:
        pass

    assert sorted(uptimes(tmp_path)) == list(range(40))


def test_a_logger_that_is_not_there_is_waited_for(log, follow, tmp_path):
    follower = follow()
    log.rename(log.with_suffix(".away"))
    with pytest.raises(LogUnavailable, match="logger"):
        follower.deliver()
    log.with_suffix(".away").rename(log)
    append(log, row(0))
    follower.deliver()
    assert uptimes(tmp_path) == [0]


def test_a_damaged_note_is_named(follow, tmp_path):
    (tmp_path / "note.json").write_text('{"inode": ')
    with pytest.raises(PlaceUnreadable, match=r"note\.json"):
        follow()
