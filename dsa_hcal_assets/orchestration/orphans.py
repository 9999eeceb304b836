"""Runs that Dagster believes to be at work although their worker is gone."""

import logging
from datetime import datetime

import dagster as dg
from dagster._core.launcher.base import WorkerStatus

log = logging.getLogger(__name__)

AT_WORK = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def end_orphaned_runs(
    instance: dg.DagsterInstance, reason: str, *, silent_since: datetime | None = None
) -> int:
    """Report runs failed whose worker is gone, so that run retries start them again; return how many.

    Run monitoring does so within seconds for runs at work; it looks at runs that were just starting
    or being cancelled only after their time-outs, and not at all where it is switched off. Launchers
    that cannot tell whether a worker lives (those of other machines) are not second-guessed.

    Parameters
    ----------
    reason
        Why they are looked at; begins the message of their end.
    silent_since
        Leave alone what Dagster heard of after this time.
    """
    if not instance.run_launcher.supports_check_run_worker_health:
        return 0
    ended = 0
    for run in instance.get_runs(dg.RunsFilter(statuses=AT_WORK, updated_before=silent_since)):
        health = instance.run_launcher.check_run_worker_health(run)
        if health.status in (WorkerStatus.RUNNING, WorkerStatus.SUCCESS):
            continue
        message = f"{reason}: {health.msg}"
        if run.status == dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, message)
        else:
            instance.report_run_failed(run, message)
        log.warning("ended run %s (%s): %s", run.run_id, run.status.value, health.msg)
        ended += 1
    return ended
