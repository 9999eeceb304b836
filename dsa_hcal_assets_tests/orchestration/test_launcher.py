"""The launcher against a real Dagster instance and a real run host (kills: services/test_stack.py)."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psutil
import pytest
from dagster._core.launcher.base import LaunchRunContext, WorkerStatus

from dsa_hcal_assets.orchestration.launcher import (
    SOCKET_VARIABLE,
    WORKER_TAG,
    WarmRunLauncher,
    recorded_worker,
)
from dsa_hcal_assets.processes import ProcessIdentity, wait_until_gone
from dsa_hcal_assets.workers.own_host import OwnHost

pytestmark = pytest.mark.services

MARK = "LAUNCHER_TEST_MARK"


@dg.op
def leave_mark() -> None:
    mark = Path(os.environ[MARK])
    mark.write_text(str(os.getpid()))
    while mark.with_suffix(".hang").exists():
        time.sleep(0.05)


@dg.job(executor_def=dg.in_process_executor)
def marking() -> None:
    leave_mark()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("dagster-home")
    (home / "dagster.yaml").write_text(
        "run_launcher:\n"
        "  module: dsa_hcal_assets.orchestration.launcher\n"
        "  class: WarmRunLauncher\n"
        "  config: {cancel_grace_seconds: 2}\n"
        "telemetry: {enabled: false}\n"
    )
    return home


@pytest.fixture(scope="module")
def mark(home: Path) -> Path:
    return home / "mark"


@pytest.fixture(scope="module")
def run_host(home: Path, mark: Path) -> Iterator[OwnHost]:
    os.environ[MARK] = str(mark)
    host = OwnHost(preload=["dagster"], console_scripts=["dagster"])
    yield host
    host.stop()
    del os.environ[MARK]


@pytest.fixture
def instance(
    home: Path, mark: Path, run_host: OwnHost, monkeypatch: pytest.MonkeyPatch
) -> Iterator["dg.DagsterInstance"]:
    monkeypatch.setenv(MARK, str(mark))
    monkeypatch.setenv(SOCKET_VARIABLE, str(run_host.address()))
    mark.unlink(missing_ok=True)
    mark.with_suffix(".hang").unlink(missing_ok=True)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def launch(instance: "dg.DagsterInstance") -> str:
    """Create and launch a run as the daemon does; return its id."""
    reconstructable = dg.reconstructable(marking)
    run = instance.create_run_for_job(
        marking, job_code_origin=reconstructable.get_python_origin(), status=dg.DagsterRunStatus.STARTING
    )
    instance.run_launcher.launch_run(LaunchRunContext(dagster_run=run, workspace=None))
    return run.run_id


def until(condition, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


def worker_of(instance: "dg.DagsterInstance", run_id: str) -> ProcessIdentity:
    worker = recorded_worker(instance.get_run_by_id(run_id))
    assert worker is not None
    return worker


def finished(instance: "dg.DagsterInstance", run_id: str) -> bool:
    return instance.get_run_by_id(run_id).is_finished


def test_dagster_makes_the_launcher_from_its_configuration(instance: "dg.DagsterInstance"):
    assert isinstance(instance.run_launcher, WarmRunLauncher)
    assert instance.run_launcher.supports_check_run_worker_health
    assert instance.run_launcher.inst_data is not None


def test_a_run_is_done_by_a_process_forked_from_the_host(
    instance: "dg.DagsterInstance", mark: Path, run_host: OwnHost
):
    mark.with_suffix(".hang").touch()
    run_id = launch(instance)
    worker = worker_of(instance, run_id)
    until(mark.exists)
    process = psutil.Process(worker.pid)
    # a fork has its parent's command line; a fresh process would show `dagster api execute_run`
    assert process.cmdline() == process.parent().cmdline()
    mark.with_suffix(".hang").unlink()
    until(lambda: finished(instance, run_id))
    assert instance.get_run_by_id(run_id).status == dg.DagsterRunStatus.SUCCESS
    assert int(mark.read_text()) == worker.pid
    assert (Path(instance.root_directory) / "run_logs" / f"{run_id}.log").stat().st_size > 0


@pytest.mark.parametrize("address", ["", "/no/such/socket"])
def test_without_a_host_a_fresh_process_does_the_run(
    instance: "dg.DagsterInstance", monkeypatch: pytest.MonkeyPatch, mark: Path, address: str, caplog
):
    monkeypatch.setenv(SOCKET_VARIABLE, address)
    run_id = launch(instance)
    until(lambda: finished(instance, run_id))
    assert instance.get_run_by_id(run_id).status == dg.DagsterRunStatus.SUCCESS
    assert int(mark.read_text()) == worker_of(instance, run_id).pid
    assert ("starts in a fresh process" in caplog.text) == bool(address)


def test_health_follows_the_worker(instance: "dg.DagsterInstance", mark: Path):
    mark.with_suffix(".hang").touch()
    run_id = launch(instance)
    until(mark.exists)
    launcher = instance.run_launcher
    assert launcher.check_run_worker_health(instance.get_run_by_id(run_id)).status == WorkerStatus.RUNNING
    worker = worker_of(instance, run_id)
    os.kill(worker.pid, signal.SIGKILL)
    assert wait_until_gone(worker, 5)
    found = launcher.check_run_worker_health(instance.get_run_by_id(run_id))
    assert found.status == WorkerStatus.FAILED
    assert str(worker.pid) in found.msg
    assert "ends with" in launcher.get_run_worker_debug_info(instance.get_run_by_id(run_id))


def test_another_process_with_the_number_of_the_worker_is_not_the_worker(instance: "dg.DagsterInstance"):
    run_id = launch(instance)
    until(lambda: finished(instance, run_id))
    mine = ProcessIdentity.of(os.getpid())
    instance.add_run_tags(run_id, {WORKER_TAG: f"{mine.pid}:1:{mine.boot}"})
    found = instance.run_launcher.check_run_worker_health(instance.get_run_by_id(run_id))
    assert found.status == WorkerStatus.FAILED


@pytest.mark.parametrize("text", ["", "nonsense", "12"])
def test_an_unreadable_record_counts_as_none(instance: "dg.DagsterInstance", text: str):
    run = instance.create_run_for_job(marking, tags={WORKER_TAG: text})
    assert recorded_worker(run) is None
    assert instance.run_launcher.check_run_worker_health(run).status == WorkerStatus.NOT_FOUND


def test_terminating_interrupts_the_worker_and_the_run_is_cancelled(
    instance: "dg.DagsterInstance", mark: Path
):
    mark.with_suffix(".hang").touch()
    run_id = launch(instance)
    until(mark.exists)
    worker = worker_of(instance, run_id)
    assert instance.run_launcher.terminate(run_id)
    until(lambda: finished(instance, run_id))
    assert instance.get_run_by_id(run_id).status == dg.DagsterRunStatus.CANCELED
    assert wait_until_gone(worker, 10)
    assert not instance.run_launcher.terminate(run_id), "it has ended already"


def test_terminating_a_run_whose_worker_is_gone_cancels_it(instance: "dg.DagsterInstance", mark: Path):
    mark.with_suffix(".hang").touch()
    run_id = launch(instance)
    until(mark.exists)
    worker = worker_of(instance, run_id)
    os.kill(worker.pid, signal.SIGKILL)
    assert wait_until_gone(worker, 5)
    assert not instance.run_launcher.terminate(run_id)
    assert instance.get_run_by_id(run_id).status == dg.DagsterRunStatus.CANCELED


@pytest.mark.parametrize("warm", [True, False])
def test_a_worker_deaf_to_the_interrupt_is_killed_after_the_grace(
    instance: "dg.DagsterInstance", mark: Path, monkeypatch: pytest.MonkeyPatch, warm: bool
):
    if not warm:
        monkeypatch.setenv(SOCKET_VARIABLE, "")
    mark.with_suffix(".hang").touch()
    run_id = launch(instance)
    until(mark.exists)
    worker = worker_of(instance, run_id)
    os.kill(worker.pid, signal.SIGSTOP)
    assert instance.run_launcher.terminate(run_id)
    assert wait_until_gone(worker, 10)


def test_a_run_whose_record_cannot_be_written_never_begins(
    instance: "dg.DagsterInstance", mark: Path, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object) -> None:
        raise ConnectionError("database gone")

    monkeypatch.setattr(type(instance), "add_run_tags", fail)
    with pytest.raises(ConnectionError):
        launch(instance)
    time.sleep(1.0)
    assert not mark.exists()
