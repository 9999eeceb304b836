import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dsa_hcal_assets.errors import ConfigurationError, DeadlineExceeded, WorkerCrashed
from dsa_hcal_assets.processes import ProcessIdentity, wait_until_gone
from dsa_hcal_assets.workers import run_program
from dsa_hcal_assets.workers.program import ProgramFailed
from dsa_hcal_assets_tests.workers.test_client import _runs, until


def test_a_program_runs_in_its_directory_and_its_output_goes_to_the_log(tmp_path: Path):
    log = tmp_path / "logs" / "program.log"
    seconds = run_program(["sh", "-c", "pwd; echo wrong >&2"], wall_seconds=10, log=log, cwd=tmp_path)
    assert log.read_text().splitlines()[1:] == [str(tmp_path), "wrong"]
    assert 0 < seconds < 5


def test_arguments_reach_the_program_as_they_are(tmp_path: Path):
    log = tmp_path / "log"
    words = ["a b", "$HOME", "'", '"', "*", "", "ü", "-c", "--"]
    run_program(
        [sys.executable, "-c", "import sys; print(sys.argv[1:])", *words],
        wall_seconds=10,
        log=log,
        cwd=tmp_path,
    )
    assert log.read_text().splitlines()[-1] == repr(words)


def test_an_exit_code_is_a_failure_with_the_end_of_the_log(tmp_path: Path):
    with pytest.raises(ProgramFailed, match=r"exit code 3(.|\n)*no such MS"):
        run_program(
            ["sh", "-c", "echo no such MS; exit 3"], wall_seconds=10, log=tmp_path / "l", cwd=tmp_path
        )


def test_the_error_shows_nothing_of_an_earlier_programs_log(tmp_path: Path):
    log = tmp_path / "l"
    run_program(["echo", "earlier"], wall_seconds=10, log=log, cwd=tmp_path)
    with pytest.raises(ProgramFailed) as caught:
        run_program(["false"], wall_seconds=10, log=log, cwd=tmp_path)
    assert "earlier" not in str(caught.value)


def test_a_death_by_signal_is_a_crash(tmp_path: Path):
    with pytest.raises(WorkerCrashed, match="SIGSEGV"):
        run_program(["sh", "-c", "kill -SEGV $$"], wall_seconds=10, log=tmp_path / "l", cwd=tmp_path)


def test_a_missing_program_is_named(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="'no-such-program' is not installed"):
        run_program(["no-such-program"], wall_seconds=10, log=tmp_path / "l", cwd=tmp_path)


def test_the_wall_limit_kills_the_program_and_what_it_started(tmp_path: Path):
    mark = tmp_path / "pid"
    with pytest.raises(DeadlineExceeded, match=r"0\.5 s"):
        run_program(
            ["sh", "-c", f"trap '' TERM INT; sleep 300 & echo $! > {mark}; wait"],
            wall_seconds=0.5,
            log=tmp_path / "l",
            cwd=tmp_path,
        )
    until(lambda: not _runs(int(mark.read_text())))


def test_what_a_finished_program_left_behind_is_killed(tmp_path: Path):
    mark = tmp_path / "pid"
    run_program(
        ["sh", "-c", f"sleep 300 & echo $! > {mark}"], wall_seconds=10, log=tmp_path / "l", cwd=tmp_path
    )
    until(lambda: not _runs(int(mark.read_text())))


def test_a_program_dies_with_the_process_that_runs_it(tmp_path: Path):
    mark = tmp_path / "pid"
    code = (
        "import sys; from pathlib import Path; from dsa_hcal_assets.workers import run_program;"
        "d = Path(sys.argv[1]);"
        "run_program(['sh', '-c', f'echo $$ > {d}/pid; exec sleep 300'], wall_seconds=60, log=d / 'l', cwd=d)"
    )
    owner = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    until(lambda: mark.exists() and mark.read_text().strip(), seconds=20)
    program = ProcessIdentity.of(int(mark.read_text()))
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    assert wait_until_gone(program, 5)


def test_a_log_flood_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from dsa_hcal_assets.workers import logs

    monkeypatch.setattr(logs.bound_log, "__defaults__", (2**20,))
    log = tmp_path / "l"
    code = "import os, time\nfor _ in range(60): os.write(1, b'x' * 100_000); time.sleep(0.02)"
    run_program([sys.executable, "-c", code], wall_seconds=30, log=log, cwd=tmp_path)
    assert log.stat().st_size < 4 * 2**20
