"""Runs that died and whose retry Dagster dropped: of sensors, asked for again by these, and of backfills.

Run retries start a run again whose worker died. If the code server is away at that very moment (it
is restarted in seconds, but the same crash may have ended both), Dagster logs "Failed to retry run",
marks the run as not to be retried and never looks at it again; if the daemon ends between taking
note of the failure and retrying, the run stays marked as one that will be retried. What it has loaded
already is not pending any more, so no look at the incoming directory would find its partition either.
"""

from datetime import datetime, timedelta

import dagster as dg

PARTITION_TAG = "dsa_hcal/partition"
# Dagster's own, from dagster._core.storage.tags; a test compares them
WILL_RETRY_TAG = "dagster/will_retry"
FAILURE_REASON_TAG = "dagster/failure_reason"
RETRY_NUMBER_TAG = "dagster/retry_number"
BACKFILL_TAG = "dagster/backfill"
STEP_FAILURE = "STEP_FAILURE"
LOOK_BACK = timedelta(days=1)
# Dagster retries within seconds of a failure; a daemon that was restarted takes some more
RETRIED_WITHIN = timedelta(minutes=1)


def lost_runs(instance: dg.DagsterInstance, sensor: str, now: datetime) -> list[dg.DagsterRun]:
    """Return the runs asked for by `sensor` that died, are not retried and have no successor.

    Not among them: runs whose step failed (retry policies and alerts are for those), and runs that
    died as often as Dagster may retry them.
    """
    return [
        run
        for run in _died(instance, {"dagster/sensor_name": sensor}, now)
        if _newest(instance, run, PARTITION_TAG)
    ]


def lost_backfill_runs(instance: dg.DagsterInstance, now: datetime) -> list[dg.DagsterRun]:
    """Return the runs of backfills, one partition each, that died, are not retried and have no successor."""
    return [
        run
        for run in _died(instance, {}, now)
        if BACKFILL_TAG in run.tags and _newest(instance, run, BACKFILL_TAG, "dagster/partition")
    ]


def _died(instance: dg.DagsterInstance, tags: dict[str, str], now: datetime) -> list[dg.DagsterRun]:
    wanted = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.FAILURE],
        tags={**tags, WILL_RETRY_TAG: ["false", "true"]},
        updated_after=now - LOOK_BACK,
    )
    return [
        record.dagster_run
        for record in instance.get_run_records(wanted)
        if record.dagster_run.tags.get(FAILURE_REASON_TAG) != STEP_FAILURE
        and int(record.dagster_run.tags.get(RETRY_NUMBER_TAG, "0")) < instance.run_retries_max_retries
        and not _may_be_retried(record, now)
    ]


def _may_be_retried(record: dg.RunRecord, now: datetime) -> bool:
    """Tell whether Dagster wants to retry a run and may still be about to."""
    if record.dagster_run.tags[WILL_RETRY_TAG] == "false":
        return False
    return now - record.update_timestamp < RETRIED_WITHIN


def _newest(instance: dg.DagsterInstance, run: dg.DagsterRun, *tags: str) -> bool:
    """Tell whether no later run of the same assets and tags took up the work."""
    if not all(tag in run.tags for tag in tags):
        return False
    alike = instance.get_runs(dg.RunsFilter(tags={tag: run.tags[tag] for tag in tags}))
    newest = next(one for one in alike if one.asset_selection == run.asset_selection)
    return newest.run_id == run.run_id
