"""The graph of assets as text people read in a review; definitions_graph.txt is how it is meant to be.

``python -m dsa_hcal_assets_tests.definitions_graph`` writes that file anew.
"""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import dagster as dg

from dsa_hcal_assets.definitions import build_definitions

SNAPSHOT = Path(__file__).with_name("definitions_graph.txt")
COMMAND = "python -m dsa_hcal_assets_tests.definitions_graph"


def describe(definitions: dg.Definitions) -> str:
    """Return assets by group with their inputs and checks, then what starts runs of them."""
    lines = ["Checks: ! stops what is downstream    . only tells", ""]
    assets = [asset for asset in definitions.assets or () if isinstance(asset, dg.AssetsDefinition)]
    for group, members in groupby(assets, key=lambda asset: _spec(asset).group_name):
        lines.append(f"GROUP {group}")
        for asset in members:
            lines += ["", *_asset(asset)]
        lines.append("")
    lines += ["WHAT STARTS RUNS", "", *_starters(definitions)]
    return "\n".join(lines) + "\n"


def _spec(asset: dg.AssetsDefinition) -> dg.AssetSpec:
    (spec,) = asset.specs
    return spec


def _asset(asset: dg.AssetsDefinition) -> Iterator[str]:
    spec = _spec(asset)
    retries = asset.op.retry_policy
    yield f"  {spec.key.to_user_string()}"
    yield f"    made from   {', '.join(dep.asset_key.to_user_string() for dep in spec.deps) or 'input files'}"
    yield f"    partitions  {_partitions(spec.partitions_def)}"
    yield f"    kinds       {', '.join(sorted(spec.kinds))}"
    yield f"    pool        {asset.op.pool or 'none'}"
    yield f"    retries     {retries.max_retries if retries else 0}"
    for check in asset.check_specs:
        yield f"    {'!' if check.blocking else '.'} {check.name}"


def _partitions(partitions: dg.PartitionsDefinition[str] | None) -> str:
    if isinstance(partitions, dg.DynamicPartitionsDefinition):
        return f"dynamic, {partitions.name}"
    if isinstance(partitions, dg.DailyPartitionsDefinition):
        return f"UTC days from {partitions.start:%Y-%m-%d}, offset {partitions.end_offset}"
    return str(partitions)


def _starters(definitions: dg.Definitions) -> Iterator[str]:
    repository = definitions.get_repository_def()
    for job in definitions.jobs or ():
        steps = [node.name for node in repository.get_job(job.name).nodes_in_topological_order]
        yield f"  job {job.name}: {' '.join(steps)}"
    for sensor in definitions.sensors or ():
        # a run status sensor starts no job
        target = f" of {sensor.job_name}" if sensor.targets else ""
        yield (
            f"  sensor {sensor.name}{target}: every {sensor.minimum_interval_seconds} s, "
            f"{sensor.default_status.value}"
        )
    for schedule in definitions.schedules or ():
        assert isinstance(schedule, dg.ScheduleDefinition)
        yield (
            f"  schedule {schedule.name} of {schedule.job_name}: {schedule.cron_schedule}, "
            f"{schedule.default_status.value}"
        )


if __name__ == "__main__":
    SNAPSHOT.write_text(describe(build_definitions()), encoding="utf-8")
