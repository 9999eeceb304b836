"""A run whose worker is gone is ended, so that it can be tried again; one that is worked on is left alone."""

import os
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from dsa_hcal_assets.orchestration.launcher import WORKER_TAG
from dsa_hcal_assets.orchestration.orphans import end_orphaned_runs
from dsa_hcal_assets.processes import ProcessIdentity

GONE = "1:1:another-boot"


@pytest.fixture
def enter(postgres_instance):
    """Enter a run and the worker Dagster's launcher recorded for it; what became of it."""

    def enter(run_id, worker, status=dg.DagsterRunStatus.STARTED):
        tags = {WORKER_TAG: worker} if worker else {}
        postgres_instance.add_run(dg.DagsterRun(job_name="job", run_id=run_id, status=status, tags=tags))
        return lambda: postgres_instance.get_run_by_id(run_id).status

    return enter


def test_the_run_of_a_dead_worker_fails_and_that_of_a_living_one_goes_on(enter, postgres_instance):
    dead, living = enter("dead", GONE), enter("living", str(ProcessIdentity.of(os.getpid())))
    assert end_orphaned_runs(postgres_instance, "test") == 1
    assert (dead(), living()) == (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED)


def test_one_that_was_being_cancelled_is_cancelled(enter, postgres_instance):
    status = enter("cancelled", GONE, dg.DagsterRunStatus.CANCELING)
    assert end_orphaned_runs(postgres_instance, "test") == 1
    assert status() is dg.DagsterRunStatus.CANCELED


def test_one_without_any_worker_is_ended_too(enter, postgres_instance):
    status = enter("never", None)
    end_orphaned_runs(postgres_instance, "test")
    assert status() is dg.DagsterRunStatus.FAILURE


def test_what_dagster_heard_of_lately_is_left_to_run_monitoring(enter, postgres_instance):
    status = enter("young", GONE)
    now = datetime.now(UTC)
    assert end_orphaned_runs(postgres_instance, "test", silent_since=now - timedelta(hours=1)) == 0
    assert end_orphaned_runs(postgres_instance, "test", silent_since=now + timedelta(hours=1)) == 1
    assert status() is dg.DagsterRunStatus.FAILURE


def test_a_launcher_that_cannot_tell_is_not_second_guessed(instance):
    instance.add_run(dg.DagsterRun(job_name="job", run_id="away", status=dg.DagsterRunStatus.STARTED))
    assert end_orphaned_runs(instance, "test") == 0
