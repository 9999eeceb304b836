"""Conditions of Dagster's runs: stuck ones, a queue that grows."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from dsa_hcal_assets.alerts import Severity
from dsa_hcal_assets.orchestration.incoming import LIVE_PRIORITY
from dsa_hcal_assets.orchestration.orphans import AT_WORK
from dsa_hcal_assets.watch.condition import Condition, graded


def stuck_runs(instance: dg.DagsterInstance, now: datetime, silent: timedelta) -> list[Condition]:
    """Return the runs at work of which nothing was heard for `silent`."""
    found = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=AT_WORK, updated_before=now - silent)):
        run = record.dagster_run
        heard = _last_heard(instance, record)
        if now - heard < silent:
            continue
        partition = run.tags.get("dagster/partition")
        found.append(
            Condition(
                run.run_id,
                Severity.ERROR,
                "run",
                f"run of {run.job_name} is stuck" + (f" for {partition}" if partition else ""),
                f"It is {run.status.value.lower()} and was last heard of at {heard:%Y-%m-%d %H:%M} UTC. See "
                "its log in the Dagster UI, and terminate it there.",
                source=run.job_name,
                partition=partition,
                run_id=run.run_id,
            )
        )
    return found


def live_runs_queued(instance: dg.DagsterInstance, warning: int, error: int) -> list[Condition]:
    """Return that too many runs of data that have just arrived are queued, if so; backlogs may be long."""
    live = {"dagster/priority": LIVE_PRIORITY}
    count = instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED], tags=live))
    severity = graded(count, warning, error)
    if severity is None:
        return []
    text = "Runs take longer than data take to arrive, or do not start: see Runs in the Dagster UI."
    return [
        Condition(
            "live", severity, "queue", f"{count} runs of new data are queued", text, details={"queued": count}
        )
    ]


def _last_heard(instance: dg.DagsterInstance, record: dg.RunRecord) -> datetime:
    events = instance.get_records_for_run(record.dagster_run.run_id, limit=1, ascending=False).records
    if not events:
        return record.update_timestamp
    return datetime.fromtimestamp(events[0].event_log_entry.timestamp, UTC)
