import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dsa_hcal_assets.daq.jobs.line import Doing, Pause, Resume, SetInterval, Stop
from dsa_hcal_assets.daq.jobs.stopping import LATE_EXIT_CODE
from dsa_hcal_assets_tests.daq.jobs.one_job import TOKEN, OneJob


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., OneJob]]:
    started: list[OneJob] = []

    def start(**keys: object) -> OneJob:
        started.append(OneJob(tmp_path, **keys))
        return started[-1]

    yield start
    for job in started:
        job.close()


def test_a_job_is_set_up_steps_obeys_and_is_torn_down(start):
    job = start(interval="20ms", in_step="print")
    job.until_doing(Doing.RUNNING)
    assert [life.doing for life in job.lives] == [Doing.STARTING, Doing.RUNNING]
    job.until(lambda: job.written().count("step") >= 3)
    job.order(Pause())
    job.until_doing(Doing.PAUSED)
    steps = job.written().count("step")
    job.order(SetInterval(3600.0))
    job.until(lambda: job.lives[-1].interval == 3600)
    assert job.written().count("step") == steps
    job.order(Resume())
    # the first step of the new pace comes at once, the next one in an hour
    job.until_doing(Doing.RUNNING)
    job.until(lambda: job.written().count("step") == steps + 1)
    job.order(Stop())
    assert job.until_ended() == 0
    assert job.written() == ["setup", *["step"] * (steps + 1), "teardown"]
    assert all(life.token == TOKEN for life in job.lives)
    assert "printed by the job" in [line["message"] for line in job.logged()]


def test_sigterm_is_an_orderly_end_at_once_however_long_the_interval(start):
    job = start(interval="1h")
    job.until_doing(Doing.RUNNING)
    os.kill(job.process.pid, signal.SIGTERM)
    assert job.until_ended() == 0
    assert job.written()[-1] == "teardown"
    assert job.lives[-1].doing is Doing.STOPPING


def test_an_error_in_setup_is_told_and_the_job_torn_down(start):
    job = start(in_setup="exception")
    assert job.until_ended() == 1
    assert job.written() == ["setup", "teardown"]
    assert job.lives[-1].doing is Doing.FAILED
    assert job.lives[-1].detail == "ValueError: as its file says"
    assert any("ValueError" in str(line.get("exception")) for line in job.logged())


def test_a_transient_error_of_a_step_is_shown_and_the_job_goes_on(start):
    job = start(interval="10ms", in_step="transient")
    job.until(lambda: job.lives and "does not answer" in job.lives[-1].detail)
    job.until(lambda: job.written().count("step") > 3)
    assert job.lives[-1].doing is Doing.RUNNING
    told = [line for line in job.logged() if "does not answer" in str(line["message"])]
    assert len(told) == 1


def test_a_segmentation_fault_leaves_a_traceback(start):
    job = start(in_step="segfault")
    assert job.until_ended() == -signal.SIGSEGV
    assert "Segmentation fault" in job.output()
    assert "in step" in job.output()


def test_a_job_that_finishes_ends_in_order(start):
    job = start(in_step="finish")
    assert job.until_ended() == 0
    assert job.written() == ["setup", "step", "teardown"]


def test_memory_beyond_the_limit_is_refused(start):
    job = start(in_step="memory", **{"limits.memory": "1 GiB"})
    assert job.until_ended() == 1
    assert "MemoryError" in job.lives[-1].detail
    assert job.written()[-1] == "teardown"


def test_a_teardown_that_does_not_end_is_ended_by_the_process_itself(start):
    job = start(in_teardown="hang", stop_deadline="300ms")
    job.until_doing(Doing.RUNNING)
    job.order(Stop())
    assert job.until_ended() == LATE_EXIT_CODE
    assert "in fail" in job.output()
