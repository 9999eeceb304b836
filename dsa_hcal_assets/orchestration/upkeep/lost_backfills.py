"""Runs of backfills that died with the code server and were not retried are asked for again."""

import dagster as dg

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.orchestration.lost import BACKFILL_TAG, lost_backfill_runs


def lost_backfill_sensor(name: str, *groups: str) -> dg.SensorDefinition:
    """Make the sensor for assets of `groups`, which are cut into the same partitions: one job has one cut."""

    @dg.sensor(
        name=name,
        target=dg.AssetSelection.groups(*groups),
        description="Asks again for runs of backfills that died and were not retried.",
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=60,
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        graph = context.repository_def.asset_graph  # type: ignore[union-attr]  # a tick always has one
        own = {key for key in graph.get_all_asset_keys() if graph.get(key).group_name in groups}
        lost = lost_backfill_runs(context.instance, utc_now())
        return dg.SensorResult(
            run_requests=[_again(run) for run in lost if run.asset_selection and run.asset_selection <= own]
        )

    return sensor


def _again(run: dg.DagsterRun) -> dg.RunRequest:
    """Ask for the same assets and partition once more, as one of the same backfill's runs."""
    return dg.RunRequest(
        run_key=f"lost:{run.run_id}",
        partition_key=run.tags["dagster/partition"],
        asset_selection=list(run.asset_selection or ()),
        tags={
            # for the limit of backfills, and for this backfill's end
            BACKFILL_TAG: run.tags[BACKFILL_TAG],
            "dsa_hcal/work": f"run {run.run_id} died and was not retried",
        },
    )


lost_backfill_days = lost_backfill_sensor("lost_backfill_days", "hcal", "rig")
lost_backfill_groups = lost_backfill_sensor("lost_backfill_groups", "radio")
