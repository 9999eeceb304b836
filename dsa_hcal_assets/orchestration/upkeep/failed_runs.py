"""Every failed run becomes an alert, with the partition and the error's own words."""

import dagster as dg

from dsa_hcal_assets.orchestration.stage import InstallationParam


@dg.run_failure_sensor(
    name="failed_runs",
    description="Tells every failed run by an alert.",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=5,
)
def failed_runs(context: dg.RunFailureSensorContext, installation: InstallationParam) -> None:
    """Raise an alert for a failed run."""
    from dsa_hcal_assets.alerts import Alert, Severity

    run = context.dagster_run
    failures = context.get_step_failure_events()
    steps = [event.step_key for event in failures if event.step_key]
    where = f" in {', '.join(steps)}" if steps else ""
    partition = run.tags.get("dagster/partition")
    installation.tell(
        Alert(
            Severity.ERROR,
            category="run",
            title=f"run of {run.job_name} failed{where}" + (f" for {partition}" if partition else ""),
            message="\n".join([context.failure_event.message or "", *map(_words, failures)]),
            source=run.job_name,
            partition=partition,
            run_id=run.run_id,
            # A retry of the same work that fails again is the same trouble.
            dedup_key=f"run:{run.root_run_id or run.run_id}",
        )
    )


def _words(event: dg.DagsterEvent) -> str:
    """Return what the error of a failed step says, without Dagster's wrapping."""
    failure, said = event.step_failure_data, None
    if failure.user_failure_data is not None:
        said = failure.user_failure_data.description
    elif failure.error is not None:
        said = (failure.error.cause or failure.error).message
    return f"{event.step_key}: {(said or 'no reason given').strip()}"
