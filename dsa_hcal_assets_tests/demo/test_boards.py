"""The demo's detector: 16 real listeners in a process that never outlives the demo."""

import contextlib
import socket
import sys
import tomllib

import psutil
import pytest

from dsa_hcal_assets.demo.boards import simulated_boards
from dsa_hcal_assets.errors import WorkerCrashed


def addresses(listing):
    return [(board["host"], board["port"]) for board in tomllib.loads(listing.read_text())["board"]]


def commands_of_children():
    commands = []
    for child in psutil.Process().children():
        # what ended between the list and the look, or awaits being waited for by another test
        with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            commands.append(" ".join(child.cmdline()))
    return commands


def test_sixteen_boards_listen_and_end_with_the_block(tmp_path):
    with simulated_boards(tmp_path / "demo") as listing:
        boards = addresses(listing)
        assert len(set(boards)) == 16
        for address in boards:
            socket.create_connection(address, timeout=5).close()
    for address in boards:
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(address, timeout=5)
    assert [command for command in commands_of_children() if "boards" in command] == []


def test_they_end_when_the_demo_fails(tmp_path):
    def demo():
        with simulated_boards(tmp_path) as listing:
            boards.extend(addresses(listing))
            raise RuntimeError("the demo failed")

    boards = []
    with pytest.raises(RuntimeError, match="the demo failed"):
        demo()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(boards[0], timeout=5)


def test_a_list_of_an_earlier_start_is_not_taken_for_theirs(tmp_path):
    (tmp_path / "boards.toml").write_text("[[board]]\nid = 'stale'\n")
    with simulated_boards(tmp_path) as listing:
        assert "stale" not in listing.read_text()


def test_boards_that_end_at_once_are_reported_with_their_log(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(WorkerCrashed, match=r"ended with code 1.*boards.log"), simulated_boards(tmp_path):
        pass
