import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.processes import ProcessIdentity, wait_until_gone
from dsa_hcal_assets.workers.host import listen
from dsa_hcal_assets.workers.own_host import OwnHost, ping, wait_for_host
from dsa_hcal_assets.workers.protocol import receive_answer, request_bytes
from dsa_hcal_assets_tests.workers.conftest import PACKAGES
from dsa_hcal_assets_tests.workers.test_client import JOBS, until


def start(address: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "dsa_hcal_assets.workers.host", "--socket", str(address)]
    process = subprocess.Popen([*command, *(w for p in PACKAGES for w in ("--package", p)), *more])
    wait_for_host(address, process, 60)
    return process


def ask(address: Path, request: dict) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(str(address))
    connection.sendall(request_bytes(request))
    return connection


def hang(address: Path, tmp_path: Path) -> tuple[socket.socket, ProcessIdentity]:
    mark = tmp_path / "mark"
    request = {
        "kind": "call",
        "function": f"{JOBS}:hang",
        "arguments": {"mark": str(mark)},
        "wall_seconds": 60,
    }
    connection = ask(address, {**request, "log": str(tmp_path / "job.log")})
    until(lambda: mark.exists() and mark.read_text())
    return connection, ProcessIdentity.of(int(mark.read_text()))


def run(address: Path, log: Path, *argv: str, script: str = "ruff") -> tuple[socket.socket, ProcessIdentity]:
    connection = ask(address, {"kind": "run", "script": script, "argv": list(argv), "log": str(log)})
    _, verdict = receive_answer(connection)
    return connection, ProcessIdentity.parse(verdict["identity"])


def test_a_job_dies_when_its_caller_goes_away(host: OwnHost, tmp_path: Path):
    connection, job = hang(host.address(), tmp_path)
    connection.close()
    assert wait_until_gone(job, 5)


def test_only_this_user_may_connect(host: OwnHost):
    assert host.address().stat().st_mode & 0o077 == 0


def test_garbage_and_silence_do_not_disturb_the_host(host: OwnHost):
    for garbage in (b"GET / HTTP/1.0\r\n\r\n", b"\xff\xff\xff\xff", b"\0\0\0\2[]", b"\0\0\0\2{}", b"\0"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(host.address()))
            connection.sendall(garbage)
    assert ping(host.address(), 5) == host.pid


@pytest.mark.parametrize(
    "request_", [{"kind": "call"}, {"kind": "dance"}, {"kind": "call", "wall_seconds": "soon"}]
)
def test_a_request_the_host_cannot_use_is_refused_with_the_reason(host: OwnHost, request_: dict):
    assert receive_answer(ask(host.address(), request_))[1]["refused"]


def test_an_owned_host_ends_with_its_owner(tmp_path: Path):
    code = (
        "import subprocess,sys,os,time;"
        "p=subprocess.Popen([sys.executable,'-m','dsa_hcal_assets.workers.host','--socket',sys.argv[1],"
        "'--owner',str(os.getpid())]);print(p.pid,flush=True);time.sleep(300)"
    )
    owner = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "h.sock")], stdout=subprocess.PIPE)
    host = ProcessIdentity.of(int(owner.stdout.readline()))
    until(lambda: (tmp_path / "h.sock").exists())
    owner.kill()
    owner.wait()
    assert wait_until_gone(host, 10)


def test_sigterm_ends_the_host_and_its_calls(tmp_path: Path):
    process = start(tmp_path / "h.sock")
    connection, job = hang(tmp_path / "h.sock", tmp_path)
    process.terminate()
    assert process.wait(10) == 0
    assert not job.alive()
    assert receive_answer(connection)[1]["stopped"]
    assert not (tmp_path / "h.sock").exists()


def test_two_hosts_do_not_share_an_address(host: OwnHost):
    with pytest.raises(ConfigurationError, match="another worker host"):
        listen(host.address())


def test_a_socket_left_by_a_killed_host_is_replaced(tmp_path: Path):
    process = start(tmp_path / "h.sock")
    process.kill()
    process.wait()
    assert (tmp_path / "h.sock").exists()
    successor = start(tmp_path / "h.sock")
    assert ping(tmp_path / "h.sock", 5) == successor.pid
    successor.terminate()
    successor.wait(10)


def test_a_run_begins_only_when_its_caller_lets_go(host: OwnHost, tmp_path: Path):
    log = tmp_path / "run.log"
    connection, worker = run(host.address(), log, "--version", script="dagster")
    time.sleep(0.3)
    assert worker.alive()
    assert "dagster, version" not in log.read_text()
    connection.sendall(b"\1")
    assert wait_until_gone(worker, 60)
    assert "dagster, version" in log.read_text()


def test_a_run_whose_caller_died_first_never_begins(host: OwnHost, tmp_path: Path):
    connection, worker = run(host.address(), tmp_path / "run.log", "--version", script="dagster")
    connection.close()
    assert wait_until_gone(worker, 10)
    assert (tmp_path / "run.log").read_text() == ""


def test_only_named_commands_are_run(host: OwnHost, tmp_path: Path):
    connection = ask(host.address(), {"kind": "run", "script": "pip", "argv": [], "log": str(tmp_path / "l")})
    assert "not served" in receive_answer(connection)[1]["refused"]


def test_a_draining_host_frees_its_address_and_waits_for_its_jobs(tmp_path: Path):
    address = tmp_path / "h.sock"
    old = start(address)
    connection, job = hang(address, tmp_path)
    old.send_signal(signal.SIGHUP)
    until(lambda: not address.exists())
    new = start(address)
    assert ping(address, 5) == new.pid
    assert job.alive()
    assert old.poll() is None
    connection.close()
    assert old.wait(10) == 0
    assert address.exists(), "the old host must not remove its successor's socket"
    new.terminate()
    assert new.wait(10) == 0


def test_memory_of_the_host_stays_flat_over_many_jobs(host: OwnHost, tmp_path: Path):
    import psutil

    from dsa_hcal_assets.workers import WorkerClient

    client, process = WorkerClient(host.address()), psutil.Process(host.pid)
    for _ in range(10):
        client.call(f"{JOBS}:pid", {}, wall_seconds=30, log=tmp_path / "l")
    before, files = process.memory_info().rss, process.num_fds()
    for _ in range(60):
        client.call(f"{JOBS}:pid", {}, wall_seconds=30, log=tmp_path / "l")
    assert process.memory_info().rss - before < 2**20
    until(lambda: process.num_fds() <= files)
    assert os.getpid() != host.pid
