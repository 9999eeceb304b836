"""`dsa-hcal daq run` as its users see it: takeover, orderly end, systemd, and no help from the system."""

import csv
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from dsa_hcal_assets.daq.streams.configuration import StreamPlace
from dsa_hcal_assets.daq.streams.files import memory_directory
from dsa_hcal_assets.daq.supervisor.states import State
from dsa_hcal_assets_tests.daq.supervisor.bare_system import SITE_CUSTOMIZATION
from dsa_hcal_assets_tests.daq.supervisor.whole import Whole, processes_of

STORE = '[[input]]\nfrom = "source"\n'


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Callable[..., Whole]]:
    made: list[Whole] = []

    def make(options: str = "") -> Whole:
        made.append(Whole(tmp_path, options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_killed_supervisors_jobs_end_in_order_and_the_next_one_takes_over(whole):
    hall = whole()
    hall.write("source", "Numbers", interval="5ms", most=400)
    hall.write("keep", "Collector", STORE, into=str(hall.directory / "kept"))
    hall.write("diary", "Diary", interval="1h")
    hall.start()
    hall.until_running("source", "keep", "diary")
    hall.until(lambda: len(hall.kept("kept")) > 50)
    before = {job.pid for job in hall.status().jobs}
    hall.kill()
    # no signal of ours, no new supervisor: they notice by themselves
    _, alive = psutil.wait_procs(processes_of(hall.run_dir), timeout=20)
    assert alive == []
    assert hall.diary("diary") == ["setup", "step", "teardown"]
    assert memory_directory(StreamPlace(hall.run_dir)).exists()
    hall.start()
    hall.until_running("source", "keep", "diary")
    hall.until(lambda: 400 in hall.kept("kept"))
    assert hall.kept("kept") == list(range(1, 401))
    assert before.isdisjoint({job.pid for job in hall.status().jobs})
    assert hall.stop() == 0
    assert processes_of(hall.run_dir) == []
    assert not memory_directory(StreamPlace(hall.run_dir)).exists()


def test_what_a_killed_supervisor_left_hanging_is_ended_by_the_next_one(whole):
    hall = whole()
    hall.write("stuck", "Diary", in_teardown="hang", stop_deadline="1h", interval="1h")
    hall.start()
    hall.until_running("stuck")
    [left] = [process for process in processes_of(hall.run_dir) if process.pid == hall.job("stuck").pid]
    hall.kill()
    hall.write("stuck", "Diary")
    hall.start()
    hall.until_running("stuck")
    assert not left.is_running()


def test_a_run_directory_has_one_supervisor(whole):
    hall = whole()
    hall.start()
    hall.until_running("broker")
    first = hall.process
    hall.start()
    assert hall.process.wait(30) == 1
    second, hall.process = hall.process, first
    assert second.returncode == 1
    assert "another supervisor runs in" in hall.log.read_text()
    hall.until_running("broker")


def test_everything_works_as_on_windows_by_tcp_without_shared_memory_fork_and_locks(whole, tmp_path: Path):
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "sitecustomize.py").write_text(SITE_CUSTOMIZATION)
    hall = whole('transport = "tcp"\nshared_memory = false\n')
    table = f'[store_config.csv]\npath = "{tmp_path / "table"}"\nflush_interval = 0.1\n'
    hall.write("source", "Numbers", table, interval="5ms", most=200)
    hall.write("keep", "Collector", STORE, into=str(hall.directory / "kept"))
    hall.write("listener", "Diary", subscribe=["numbers"], interval="1h")
    hall.write("limited", "Diary", in_step="fork", **{"limits.memory": "1 GB"})
    hall.start(PYTHONPATH=os.pathsep.join([str(tmp_path / "bare"), os.environ["PYTHONPATH"]]))
    hall.until_running("source", "keep", "listener", "store.csv")
    assert hall.status().control.startswith("tcp://127.0.0.1:")
    # ZeroMQ's reconnection makes sockets of its own; none of them is a Unix socket
    for job in hall.status().jobs:
        if job.pid is not None:
            assert not [one for one in psutil.Process(job.pid).net_connections("unix") if one.laddr]
    hall.until(lambda: 200 in hall.kept("kept"))
    assert hall.kept("kept") == list(range(1, 201))
    hall.until(lambda: "live source numbers" in hall.diary("listener"))
    hall.until(lambda: hall.job("store.csv").metrics["queues"].get("source") == 0)
    assert not memory_directory(StreamPlace(hall.run_dir)).exists()
    assert not [path for path in hall.run_dir.rglob("*") if path.is_fifo()]
    assert "has no attribute 'fork'" in hall.job("limited").last_failure, "the system was bare"
    assert hall.stop() == 0
    with (tmp_path / "table.csv").open() as file:
        assert [int(row["value"]) for row in csv.DictReader(file)] == list(range(1, 201))


def test_a_port_in_use_is_told_and_the_other_jobs_run(whole):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        hall = whole(f'transport = "tcp"\n[broker]\npublish_port = {port}\nsubscribe_port = {port + 1}\n')
        hall.write("diary", "Diary")
        hall.start()
        hall.until(lambda: hall.job("broker").failures)
        assert f"127.0.0.1:{port}" in hall.job("broker").last_failure
        hall.until_running("diary")


def test_systemd_is_told_ready_alive_and_stopping(whole, tmp_path: Path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(tmp_path / "notify"))
        notified.settimeout(30)
        hall = whole()
        hall.start(NOTIFY_SOCKET=str(tmp_path / "notify"))
        assert notified.recv(200) == b"READY=1"
        first, status = notified.recv(200).split(b"\n")
        assert first == b"WATCHDOG=1"
        assert status.startswith(b"STATUS=1 ")
        hall.process.send_signal(signal.SIGTERM)
        while (said := notified.recv(200)).startswith(b"WATCHDOG"):
            pass
        assert said == b"STOPPING=1"
        assert hall.process.wait(30) == 0


def test_sighup_reloads_and_a_wrong_file_is_told_in_the_status(whole):
    hall = whole()
    hall.write("a", "Diary")
    hall.start()
    hall.until_running("a")
    hall.write("b", "Diary")
    (hall.config_dir / "c.toml").write_text('type = "camer"\nid = "c"\n')
    os.kill(hall.process.pid, signal.SIGHUP)
    hall.until_running("b")
    [problem] = hall.status().problems
    assert "c.toml: type: expected one of" in problem
    assert "did you mean 'camera'?" in problem
    assert hall.job("a").state is State.RUNNING


def test_ctrl_c_ends_everything_in_order(whole):
    hall = whole()
    hall.write("a", "Diary")
    hall.start()
    hall.until_running("a")
    hall.process.send_signal(signal.SIGINT)
    assert hall.process.wait(30) == 0
    assert hall.diary("a")[-1] == "teardown"
