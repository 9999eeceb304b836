"""The supervisor on real processes."""

import os
import signal
import time

import pytest

from dsa_hcal_assets.daq.jobs.files import BadFile
from dsa_hcal_assets.daq.jobs.logs import last_lines, log_path
from dsa_hcal_assets.daq.supervisor.states import State
from dsa_hcal_assets.daq.supervisor.supervisor import UnknownJob
from dsa_hcal_assets_tests.daq.supervisor.acquisition import Acquisition, job_text

QUICK = {"restart.first_delay": "50ms", "restart.longest_delay": "200ms", "restart.budget": 3}


def test_a_job_that_crashes_is_started_again_and_the_others_do_not_notice(acquisition: Acquisition):
    acquisition.write("well", "Diary")
    acquisition.write("ill", "Diary", in_step="segfault", fault_after=1, interval="10ms", **QUICK)
    acquisition.supervisor.reload()
    acquisition.until_running("broker", "well")
    others = acquisition.pids("broker", "well")
    acquisition.until(lambda: acquisition.job("ill").restarts >= 1)
    assert acquisition.diary("ill")[:3] == ["setup", "step", "step"]
    assert acquisition.pids("broker", "well") == others
    log = "".join(last_lines(log_path(acquisition.run_dir, "ill"), 100))
    assert "Segmentation fault" in log


def test_a_job_that_keeps_crashing_is_told_and_tried_rarely_until_somebody_starts_it(
    acquisition: Acquisition,
):
    acquisition.write("ill", "Diary", in_setup="exception", **{**QUICK, "restart.longest_delay": "1h"})
    acquisition.supervisor.reload()
    acquisition.until(lambda: acquisition.job("ill").state is State.CRASH_LOOP)
    found = acquisition.job("ill")
    assert (found.failures, found.pid) == (4, None)
    assert "ValueError: as its file says" in found.detail
    acquisition.write("ill", "Diary", **QUICK)
    acquisition.supervisor.reload()
    acquisition.until_running("ill")


def test_a_job_that_hangs_is_killed_and_started_again(acquisition: Acquisition):
    acquisition.write("stuck", "Diary", in_step="hang", hang_after="1500ms", stop_deadline="200ms", **QUICK)
    acquisition.supervisor.reload()
    acquisition.until(lambda: acquisition.job("stuck").failures == 1)
    assert "hung: no sign of life for" in acquisition.job("stuck").last_failure
    acquisition.until(lambda: acquisition.diary("stuck").count("setup") == 2)


def test_a_supervisor_that_was_held_up_itself_takes_nobody_for_hung(acquisition: Acquisition):
    acquisition.write("well", "Diary", hang_after="2s")
    acquisition.supervisor.reload()
    acquisition.until_running("broker", "well")
    before = acquisition.pids("well")
    time.sleep(4.5)
    acquisition.supervisor.step()
    assert acquisition.job("well").state is State.RUNNING
    assert acquisition.pids("well") == before


def test_a_start_that_does_not_end_holds_up_nobody_and_is_ended(acquisition: Acquisition):
    acquisition.write("slow", "Diary", in_setup="hang", start_deadline="1500ms", **QUICK)
    acquisition.write("well", "Diary")
    acquisition.supervisor.reload()
    acquisition.until_running("well")
    assert acquisition.job("slow").state is State.STARTING
    acquisition.until(lambda: acquisition.job("slow").failures == 1)
    assert acquisition.job("slow").last_failure == "not set up within 1.5 s"


def test_jobs_start_after_those_they_wait_for_and_a_job_that_is_done_stays_done(acquisition: Acquisition):
    acquisition.write("second", "Diary", after=["first"])
    acquisition.write("first", "Diary", in_step="finish")
    acquisition.supervisor.reload()
    acquisition.supervisor.step()
    assert acquisition.job("second").state is State.WAITING
    assert "first" in acquisition.job("second").detail
    acquisition.until_running("second")
    acquisition.until(lambda: acquisition.job("first").state is State.DONE)
    assert acquisition.diary("first") == ["setup", "step", "teardown"]
    assert acquisition.job("first").restarts == 0


def test_a_reload_changes_only_what_has_changed(acquisition: Acquisition):
    acquisition.write("same", "Diary")
    acquisition.write("changed", "Diary", interval="1s")
    acquisition.write("gone", "Diary")
    acquisition.supervisor.reload()
    acquisition.until_running("broker", "same", "changed", "gone")
    same, changed = acquisition.pids("broker", "same"), acquisition.pids("changed")
    acquisition.write("changed", "Diary", interval="2s")
    acquisition.write("new", "Diary")
    (acquisition.config_dir / "gone.toml").unlink()
    assert sorted(acquisition.supervisor.reload()) == ["changed: changed", "gone: removed", "new: added"]
    acquisition.until(lambda: acquisition.pids("changed") != changed)
    acquisition.until_running("changed", "new")
    acquisition.until(lambda: acquisition.job("gone") is None)
    assert acquisition.job("changed").interval == 2
    assert acquisition.pids("broker", "same") == same
    assert acquisition.diary("gone")[-1] == "teardown"
    assert acquisition.diary("changed").count("teardown") == 1


def test_a_file_that_becomes_wrong_is_told_and_its_job_runs_on_as_it_was(acquisition: Acquisition):
    acquisition.write("a", "Diary")
    acquisition.supervisor.reload()
    acquisition.until_running("a")
    before = acquisition.pids("a")
    acquisition.write("a", "Diary", interval="soon")
    assert acquisition.supervisor.reload() == []
    acquisition.until_running("a")
    [problem] = acquisition.supervisor.status().problems
    assert "interval: expected a duration" in problem
    assert not acquisition.supervisor.status().well
    assert acquisition.pids("a") == before


def test_a_store_added_later_gets_everything_from_then_on_and_the_producer_runs_on(
    acquisition: Acquisition,
):
    acquisition.write("source", "Numbers", interval="5ms")
    acquisition.supervisor.reload()
    acquisition.until_running("source")
    before = acquisition.pids("source")
    into = acquisition.run_dir / "kept"
    acquisition.write("source", "Numbers", interval="5ms")
    (acquisition.config_dir / "store.toml").write_text(
        job_text("store", "Collector", into=str(into)) + '[[input]]\nfrom = "source"\n'
    )
    acquisition.supervisor.reload()
    acquisition.until(lambda: into.exists() and len(into.read_text().splitlines()) > 50)
    sequences = [int(line.split()[2]) for line in into.read_text().splitlines()]
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))
    assert acquisition.pids("source") == before


def test_kept_messages_arrive_once_and_in_order_while_everybody_is_killed(acquisition: Acquisition):
    into = acquisition.run_dir / "kept"
    acquisition.write("keep", "Collector", into=str(into), **QUICK)
    (acquisition.config_dir / "source.toml").write_text(
        job_text("source", "Numbers", interval="2ms", most=1000, **QUICK) + "[store_config.keep]\n"
    )
    acquisition.supervisor.reload()

    def kept() -> list[int]:
        whole = into.read_text().rpartition("\n")[0] if into.exists() else ""
        return [int(line.split()[3]) for line in whole.splitlines()]

    for victim, after in (("source", 100), ("broker", 200), ("keep", 300), ("source", 400)):
        acquisition.until(lambda after=after: len(kept()) > after)
        acquisition.until_running(victim)
        os.kill(acquisition.job(victim).pid, signal.SIGKILL)
    acquisition.until(lambda: 1000 in kept(), 60)
    # the collector's effect is not atomic with its acknowledgement: what it was given when it was
    # killed may come twice, but nothing is missing and nothing out of order
    first_times = list(dict.fromkeys(kept()))
    assert first_times == list(range(1, 1001))


def test_orders_hold_for_later_processes_too(acquisition: Acquisition):
    acquisition.write("a", "Diary", **QUICK)
    acquisition.supervisor.reload()
    acquisition.until_running("a")
    seat = acquisition.supervisor.seat("a")
    seat.set_interval(0.5)
    seat.pause()
    acquisition.until(lambda: acquisition.job("a").state is State.PAUSED)
    os.kill(acquisition.job("a").pid, signal.SIGKILL)
    acquisition.until(lambda: acquisition.job("a").restarts == 1)
    acquisition.until(lambda: acquisition.job("a").state is State.PAUSED)
    assert acquisition.job("a").interval == 0.5
    seat.resume()
    acquisition.until_running("a")
    seat.ask_stop()
    acquisition.until(lambda: acquisition.job("a").state is State.STOPPED)
    assert acquisition.diary("a")[-1] == "teardown"
    seat.ask_start()
    acquisition.until_running("a")


def test_a_job_is_run_from_text_if_it_is_an_installed_one(acquisition: Acquisition):
    acquisition.write("a", "Diary", enabled=False)
    acquisition.supervisor.reload()
    assert acquisition.job("a").state is State.STOPPED
    acquisition.supervisor.run(job_text("guest", "random", interval="10ms"))
    acquisition.until_running("guest")
    acquisition.supervisor.reload()
    assert acquisition.job("guest").state is State.RUNNING
    for text, complaint in (
        (job_text("b", "Numbers"), "type"),
        (job_text("a", "random"), "id"),
        ("type = 3", "type"),
        (job_text("b", "random", after=["nobody"]), "after"),
    ):
        with pytest.raises(BadFile, match=complaint):
            acquisition.supervisor.run(text)
    with pytest.raises(UnknownJob, match="no job 'nobody'"):
        acquisition.supervisor.seat("nobody")


def test_limits_hold_for_the_process(acquisition: Acquisition):
    acquisition.write("a", "Diary", **{"limits.nice": 7, "limits.cpus": [0]})
    acquisition.supervisor.reload()
    acquisition.until_running("a")
    pid = acquisition.job("a").pid
    assert os.getpriority(os.PRIO_PROCESS, pid) == os.getpriority(os.PRIO_PROCESS, 0) + 7
    assert os.sched_getaffinity(pid) == {0}
