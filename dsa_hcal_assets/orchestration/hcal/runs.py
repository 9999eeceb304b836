"""LED and pedestal runs: files that land in incoming/runs become derived quantities of the towers.

Partition: the run's number. Both assets are in one job, and the one that a run is none of says so.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration import dynamic_keys
from dsa_hcal_assets.orchestration.asked import Work
from dsa_hcal_assets.orchestration.failures import RETRIES, typed_failures
from dsa_hcal_assets.orchestration.incoming import incoming_sensor
from dsa_hcal_assets.orchestration.partitions import RUN_SET, RUNS
from dsa_hcal_assets.orchestration.pending import pending_work
from dsa_hcal_assets.orchestration.radio.live_window import busy
from dsa_hcal_assets.orchestration.stage import InstallationParam, Outcome, StageRun, stage_asset

if TYPE_CHECKING:
    from dsa_hcal_assets.hcal.analysis_runs.run_contents import Kind


@stage_asset(group="hcal_runs", partitions=RUNS, kinds={"hdf5", "numpy"}, pool="heavy")
def led_runs(run: StageRun) -> dg.MaterializeResult[Any]:
    """Response of each tower to the light of an LED run (`hcal.led_run_tower`), PIN diodes beside it."""
    return _analysed(run, "led")


@stage_asset(group="hcal_runs", partitions=RUNS, kinds={"hdf5", "numpy"}, pool="heavy")
def pedestal_runs(run: StageRun) -> dg.MaterializeResult[Any]:
    """Pedestal and noise of each tower in a pedestal run (`hcal.pedestal_run_tower`)."""
    return _analysed(run, "pedestal")


runs_job = dg.define_asset_job("hcal_runs", dg.AssetSelection.groups("hcal_runs"))


def look(installation: Installation) -> list[Work]:
    """Accept what landed; return the runs with files to analyse."""
    from dsa_hcal_assets.hcal.analysis_runs import ingest

    settings = installation.settings
    ingest.scan(settings.incoming / ingest.SOURCE, installation.ledger, settings.runs.settle_seconds)
    return pending_work(installation, ingest.SOURCE)


runs_sensor = incoming_sensor(
    "hcal_runs_sensor",
    runs_job.name,
    look,
    source="runs",
    dynamic=RUNS,
    urgent=False,
    description="Watches incoming/runs for LED and pedestal runs.",
)


@dg.op(description="Take the keys of old runs out of the partition set.", retry_policy=RETRIES)
def retire_runs(context: dg.OpExecutionContext, installation: InstallationParam) -> None:
    """Keep the newest keys only; what is pending or running stays. Tables and products are not touched."""
    with typed_failures():
        keys = list(dynamic_keys.ages(context.instance, RUN_SET))
        beyond = keys[: max(0, len(keys) - installation.settings.runs.most_live_keys)]
        staying = busy(context.instance, installation.database) if beyond else set()
        leaving = [key for key in beyond if key not in staying]
        dynamic_keys.remove(context.instance, RUN_SET, leaving)
    context.log.info("%d runs live; %d retired", len(keys) - len(leaving), len(leaving))


@dg.job(description="Retire the keys of old runs.", executor_def=dg.in_process_executor)
def retire_runs_job() -> None:
    """Retire the keys of old runs."""
    retire_runs()


retire_runs_schedule = dg.ScheduleDefinition(
    name="retire_runs_schedule",
    job=retire_runs_job,
    cron_schedule="50 4 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


def _analysed(run: StageRun, kind: "Kind") -> dg.MaterializeResult[Any]:
    from dsa_hcal_assets.hcal.analysis_runs import analysis, run_metrics, run_tables
    from dsa_hcal_assets.hcal.corrections import bad_channels
    from dsa_hcal_assets.quality.verdicts import gate

    database, ledger = run.installation.database, run.installation.ledger
    found = analysis.kind_of(ledger, run.partition)
    if found != kind:
        return run.not_applicable(f"run {run.partition} is a {found} run")
    settings = run.installation.settings.runs
    analysed = analysis.analyse_run(database, ledger, run.partition, settings, run.run_id)
    outcome = Outcome(
        run_metrics.metrics(analysed),
        figures=run_metrics.pictures(analysed),
        facts={
            "events": analysed.events,
            "towers": len(analysed.towers),
            "contents": analysed.contents,
            "light from": analysed.light.source if analysed.light is not None else "nowhere",
        },
    )

    def make(place: Path) -> Outcome:
        analysed.towers.to_parquet(place / "towers.parquet", index=False)
        return outcome

    result = run.publish(make, inputs=analysed.inputs, parameters=settings.model_dump(mode="json"))
    run_tables.judged(database, analysed.run_number, gate(run.verdicts(outcome)))
    bad_channels.update_from_runs(database, kind)
    return result
