import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.processes import (
    ProcessIdentity,
    boot_identity,
    describe_exit,
    has_ended,
    kill_group,
    signal_name,
    supervised,
)
from dsa_hcal_assets_tests.workers.test_client import until


def test_a_living_process_is_recognised_and_its_text_reads_back():
    identity = ProcessIdentity.of(os.getpid())
    assert identity.alive()
    assert ProcessIdentity.parse(str(identity)) == identity


@given(st.integers(1, 2**22), st.text("0123456789.", min_size=1), st.text("abcdef0123456789-:", min_size=1))
def test_an_identity_survives_being_written(pid: int, started: str, boot: str):
    identity = ProcessIdentity(pid, started, boot)
    assert ProcessIdentity.parse(str(identity)) == identity


def test_a_later_process_with_the_same_number_is_another_one():
    mine = ProcessIdentity.of(os.getpid())
    assert not ProcessIdentity(mine.pid, "1", mine.boot).alive()
    assert not ProcessIdentity(mine.pid, mine.started, "another boot").alive()


def test_a_zombie_is_not_alive():
    process = subprocess.Popen(["sleep", "300"])
    identity = ProcessIdentity.of(process.pid)
    process.kill()
    until(lambda: not identity.alive())
    assert has_ended(process.pid)
    assert process.wait() == -signal.SIGKILL, "looking must not reap"


def test_a_missing_process_has_no_identity():
    process = subprocess.Popen(["true"])
    process.wait()
    with pytest.raises(ProcessLookupError):
        ProcessIdentity.of(process.pid)


def test_the_boot_has_an_identity():
    assert boot_identity() == boot_identity() != ""


def test_exits_are_described():
    assert describe_exit(3) == "exit code 3"
    assert describe_exit(-9) == "killed by SIGKILL"
    assert signal_name(200) == "signal 200"


def test_killing_a_group_that_is_gone_does_nothing():
    process = subprocess.Popen(["true"], start_new_session=True)
    process.wait()
    kill_group(process.pid)


def test_a_supervised_command_dies_with_its_parent(tmp_path: Path):
    code = (
        "import subprocess,sys;from dsa_hcal_assets.processes import supervised;"
        "p=subprocess.Popen(supervised(['sleep','300']));print(p.pid,flush=True);p.wait()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    child = ProcessIdentity.of(int(parent.stdout.readline()))
    until(lambda: Path(f"/proc/{child.pid}/comm").read_text().strip() == "sleep")
    parent.kill()
    parent.wait()
    until(lambda: not child.alive())


def test_a_supervised_command_gets_default_signals_even_from_a_shell_that_ignores_them():
    command = supervised(
        [sys.executable, "-c", "import signal;print(signal.getsignal(2), signal.getsignal(15))"]
    )
    found = subprocess.run(
        command,
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert found.stdout.split()[-2:] == ["default_int_handler>", "0"]
