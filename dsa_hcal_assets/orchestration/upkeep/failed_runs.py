"""Every failed run becomes an alert, with the partition and the error's own words."""

import dagster as dg

from dsa_hcal_assets.orchestration.stage import InstallationParam


@dg.run_failure_sensor(
    name="failed_runs",
    description="Tells every failed run by log, alert table and webhook.",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=5,
)
def failed_runs(context: dg.RunFailureSensorContext, installation: InstallationParam) -> None:
    """Raise an alert for a failed run."""
    from dsa_hcal_assets.alerts import Alert, Severity

    run = context.dagster_run
    steps = [event.step_key for event in context.get_step_failure_events() if event.step_key]
    where = f" in {', '.join(steps)}" if steps else ""
    partition = run.tags.get("dagster/partition")
    installation.tell(
        Alert(
            Severity.ERROR,
            category="run",
            title=f"run of {run.job_name} failed{where}" + (f" for {partition}" if partition else ""),
            message=context.failure_event.message or "",
            source=run.job_name,
            partition=partition,
            run_id=run.run_id,
            # A retry of the same work that fails again is the same trouble.
            dedup_key=f"run:{run.root_run_id or run.run_id}",
        )
    )
