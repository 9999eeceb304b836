"""Runs that say nothing any more, and a queue of new data that grows, on a real instance."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.remote_origin import (
    GrpcServerCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

from dsa_hcal_assets.orchestration.watch.runs import live_runs_queued, stuck_runs

STARTED, QUEUED = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.QUEUED
HOUR = timedelta(hours=1)
ORIGIN = RemoteJobOrigin(
    RemoteRepositoryOrigin(GrpcServerCodeLocationOrigin("localhost", port=1), "repository"), "hcal_job"
)


@pytest.fixture
def enter(postgres_instance):
    def enter(run_id, status=STARTED, **tags):
        origin = ORIGIN if status is QUEUED else None
        run = dg.DagsterRun(
            job_name="hcal_job", run_id=run_id, status=status, tags=tags, remote_job_origin=origin
        )
        postgres_instance.add_run(run)
        return run

    return enter


def stuck(instance, after):
    return [found.run_id for found in stuck_runs(instance, datetime.now(UTC) + after, HOUR)]


def test_a_run_is_stuck_that_was_not_heard_of_for_the_time_of_the_setting(enter, postgres_instance):
    enter("silent", **{"dagster/partition": "2026-01-02"})
    assert stuck(postgres_instance, 0.9 * HOUR) == []
    (found,) = stuck_runs(postgres_instance, datetime.now(UTC) + 1.1 * HOUR, HOUR)
    assert (found.run_id, found.partition, found.severity) == ("silent", "2026-01-02", "error")
    assert found.title == "run of hcal_job is stuck for 2026-01-02"


def test_a_long_run_that_goes_on_talking_is_not_stuck(enter, postgres_instance):
    run = enter("long")
    talk_at = datetime.now(UTC) + 2 * HOUR
    said = dg.EventLogEntry(
        error_info=None,
        level="info",
        user_message="still here",
        run_id=run.run_id,
        timestamp=talk_at.timestamp(),
    )
    postgres_instance.handle_new_event(said)
    assert stuck(postgres_instance, 2.5 * HOUR) == []
    assert stuck(postgres_instance, 3.5 * HOUR) == ["long"]


def test_a_run_that_ended_or_waits_is_not_stuck(enter, postgres_instance):
    postgres_instance.report_run_canceled(enter("ended"))
    enter("queued", QUEUED)
    assert stuck(postgres_instance, 5 * HOUR) == []


def test_a_queue_of_new_data_is_graded_and_one_of_a_backlog_is_not(enter, postgres_instance):
    def severities():
        return [found.severity for found in live_runs_queued(postgres_instance, warning=2, error=3)]

    live, backlog = {"dagster/priority": "10"}, {"dagster/priority": "5"}
    for number in range(4):
        enter(f"backlog {number}", QUEUED, **backlog)
    first = enter("live 0", QUEUED, **live)
    assert severities() == []
    enter("live 1", QUEUED, **live)
    assert severities() == ["warning"]
    enter("live 2", QUEUED, **live)
    assert severities() == ["error"]
    postgres_instance.report_run_canceled(first)
    assert severities() == ["warning"]
