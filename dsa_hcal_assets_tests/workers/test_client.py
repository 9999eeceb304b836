import os
import signal
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.errors import BadInput, DeadlineExceeded, WorkerCrashed
from dsa_hcal_assets.processes import ProcessIdentity, wait_until_gone
from dsa_hcal_assets.workers import WorkerClient
from dsa_hcal_assets.workers.own_host import OwnHost
from dsa_hcal_assets.workers.protocol import WorkerFailed
from dsa_hcal_assets_tests.workers import jobs
from dsa_hcal_assets_tests.workers.conftest import PACKAGES

JOBS = "dsa_hcal_assets_tests.workers.jobs"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=json_values)
def test_a_value_comes_back_as_it_went(client: WorkerClient, log: Path, value):
    assert client.call(f"{JOBS}:echo", {"value": value}, wall_seconds=30, log=log) == value


def test_a_large_value_comes_back_whole(client: WorkerClient, log: Path):
    value = ["0123456789" * 100] * 20_000
    assert client.call(f"{JOBS}:echo", {"value": value}, wall_seconds=60, log=log) == value


def test_each_call_runs_in_a_process_of_its_own(client: WorkerClient, log: Path):
    pids = {client.call(f"{JOBS}:pid", {}, wall_seconds=30, log=log) for _ in range(3)}
    assert len(pids) == 3
    assert os.getpid() not in pids


def test_a_platform_error_is_raised_here_as_the_same_class(client: WorkerClient, log: Path):
    with pytest.raises(BadInput) as caught:
        client.call(f"{JOBS}:bad_input", {}, wall_seconds=30, log=log)
    assert caught.value.as_record() == {
        "error": "BadInput",
        "transient": False,
        "what": "board 3 is odd",
        "expected": "16 fields",
        "found": "15",
        "kept": "in place",
        "remedy": "look",
    }


def test_an_error_with_a_constructor_of_its_own_survives_the_journey(client: WorkerClient, log: Path):
    with pytest.raises(jobs.OddlyMade, match="odd number 3"):
        client.call(f"{JOBS}:oddly_made", {}, wall_seconds=30, log=log)


def test_an_unexpected_error_is_named_with_the_end_of_the_log(client: WorkerClient, log: Path):
    with pytest.raises(WorkerFailed, match=r"ValueError: no good(.|\n)*on the way") as caught:
        client.call(f"{JOBS}:value_error", {}, wall_seconds=30, log=log)
    assert not caught.value.transient
    assert "Traceback" in log.read_text()


def test_a_result_json_cannot_carry_is_a_failure(client: WorkerClient, log: Path):
    with pytest.raises(WorkerFailed, match="not JSON serializable"):
        client.call(f"{JOBS}:not_json", {}, wall_seconds=30, log=log)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_death_by_signal_is_a_crash_that_names_it(client: WorkerClient, log: Path, number: signal.Signals):
    with pytest.raises(WorkerCrashed, match=rf"{number.name}(.|\n)*last words") as caught:
        client.call(f"{JOBS}:die", {"number": int(number)}, wall_seconds=30, log=log)
    assert caught.value.transient


@pytest.mark.parametrize("code", [0, 3])
def test_an_end_without_a_result_is_a_crash(client: WorkerClient, log: Path, code: int):
    with pytest.raises(WorkerCrashed, match=f"exit code {code}"):
        client.call(f"{JOBS}:leave", {"code": code}, wall_seconds=30, log=log)


def test_running_out_of_memory_is_a_crash(client: WorkerClient, log: Path):
    with pytest.raises(WorkerCrashed, match="out of memory"):
        client.call(f"{JOBS}:exhaust_memory", {}, wall_seconds=30, log=log)


def test_the_wall_limit_kills_a_job_that_ignores_signals(client: WorkerClient, log: Path):
    begun = time.monotonic()
    with pytest.raises(DeadlineExceeded, match=r"within 0\.5 s"):
        client.call(f"{JOBS}:hang_deaf", {}, wall_seconds=0.5, log=log)
    assert time.monotonic() - begun < 20


def test_the_wall_limit_kills_what_the_job_started(client: WorkerClient, log: Path, tmp_path: Path):
    mark = tmp_path / "mark"
    with pytest.raises(DeadlineExceeded):
        client.call(f"{JOBS}:hang_with_child", {"mark": str(mark)}, wall_seconds=0.7, log=log)
    until(lambda: not _runs(int(mark.read_text())))


def test_what_a_finished_job_left_behind_is_killed(client: WorkerClient, log: Path):
    child = client.call(f"{JOBS}:leave_child_behind", {}, wall_seconds=30, log=log)
    until(lambda: not _runs(child))


@pytest.mark.parametrize(
    "function",
    [
        "os:system",
        "dsa_hcal_assets_other.module:name",
        "dsa_hcal_assets:__doc__",
        f"{JOBS}:os",
        f"{JOBS}:Path",
        "x",
    ],
)
def test_functions_outside_the_platform_are_refused(client: WorkerClient, log: Path, function: str):
    from dsa_hcal_assets.workers.job import FunctionRefused

    with pytest.raises(FunctionRefused):
        client.call(function, {}, wall_seconds=30, log=log)


def test_the_product_serves_no_other_package_than_itself(log: Path):
    host = OwnHost(preload=[])
    try:
        with pytest.raises(Exception, match=r"a module below dsa_hcal_assets$"):
            WorkerClient(host.address()).call(f"{JOBS}:pid", {}, wall_seconds=30, log=log)
    finally:
        host.stop()


def test_nothing_leaks_from_one_job_into_the_next(client: WorkerClient, log: Path):
    assert client.call(f"{JOBS}:mark_and_tell", {"word": "mine"}, wall_seconds=30, log=log) == ["mine"]
    found = client.call(f"{JOBS}:surroundings", {}, wall_seconds=30, log=log)
    assert found == {
        "leaked": None,
        "zone": time.tzname[0],
        "files": [],
        "marks": [],
        "leader": True,
        "sigterm": True,
        "sigint": True,
        "stdin": "/dev/null",
        # the connection to its own caller, and neither the listener nor a stranger's
        "sockets": 1,
    }
    assert sorted(path.name for path in log.parent.iterdir()) == [log.name]


def test_jobs_draw_different_random_numbers(client: WorkerClient, log: Path):
    drawn = [client.call(f"{JOBS}:randoms", {}, wall_seconds=30, log=log) for _ in range(3)]
    assert len({pair[0] for pair in drawn}) == 3
    assert len({pair[1] for pair in drawn}) == 3


def test_two_jobs_run_at_once(client: WorkerClient, log: Path, tmp_path: Path):
    marks = [tmp_path / "one", tmp_path / "two"]
    threads = [threading.Thread(target=_call_until_deadline, args=(client, log, mark)) for mark in marks]
    for thread in threads:
        thread.start()
    until(lambda: all(mark.exists() and mark.read_text() for mark in marks))
    assert all(_runs(int(mark.read_text())) for mark in marks)
    for thread in threads:
        thread.join()


def _call_until_deadline(client: WorkerClient, log: Path, mark: Path) -> None:
    with pytest.raises(DeadlineExceeded):
        client.call(f"{JOBS}:hang", {"mark": str(mark)}, wall_seconds=2, log=log)


def test_a_log_flood_is_bounded_and_the_job_succeeds(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch, client: WorkerClient
):
    assert client.call(f"{JOBS}:flood", {"megabytes": 90}, wall_seconds=60, log=log) == "done"
    assert log.stat().st_size < 64 * 2**20


def test_a_host_killed_in_mid_call_takes_the_job_along_and_the_next_call_gets_a_new_host(
    log: Path, tmp_path: Path
):
    host = OwnHost(preload=[], packages=PACKAGES)
    mark, caught = tmp_path / "mark", []
    address = host.address()

    def call() -> None:
        try:
            WorkerClient(address).call(f"{JOBS}:hang", {"mark": str(mark)}, wall_seconds=60, log=log)
        except WorkerCrashed as error:
            caught.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    until(lambda: mark.exists() and mark.read_text())
    worker = ProcessIdentity.of(int(mark.read_text()))
    os.kill(host.pid, signal.SIGKILL)
    thread.join(10)
    assert "host died" in str(caught[0])
    assert wait_until_gone(worker, 5)
    assert WorkerClient(host.address()).call(f"{JOBS}:echo", {"value": 1}, wall_seconds=30, log=log) == 1
    host.stop()


def test_without_a_host_the_client_starts_one(tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch):
    own = OwnHost(preload=[], packages=PACKAGES)
    monkeypatch.setattr("dsa_hcal_assets.workers.client._own_host", own)
    for address in (None, tmp_path / "nobody.sock"):
        assert WorkerClient(address).call(f"{JOBS}:echo", {"value": 2}, wall_seconds=30, log=log) == 2
    own.stop()


def test_an_unwritable_log_directory_is_reported_not_fatal_to_the_host(
    client: WorkerClient, tmp_path: Path, log: Path
):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkerCrashed, match="could not start"):
        client.call(f"{JOBS}:echo", {"value": 1}, wall_seconds=9, log=tmp_path / "file" / "job.log")
    assert client.call(f"{JOBS}:echo", {"value": 1}, wall_seconds=30, log=log) == 1


def _runs(pid: int) -> bool:
    try:
        return ProcessIdentity.of(pid).alive()
    except ProcessLookupError:
        return False
