"""Failed runs whose work has been done since, and partitions that stay failed.

A failed run is told the moment it fails (upkeep/failed_runs.py); its open alert remembers it until what it
was to make has been made, by whichever run.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import dagster as dg

from dsa_hcal_assets.alerts import Severity
from dsa_hcal_assets.alerts.record import resolve
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.watch.condition import Condition

MOST_LOOKED_AT = 100  # failed runs of one look; more take turns
NAMED = 20  # partitions listed in one alert
_PLANNED = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
_MADE = dg.DagsterEventType.ASSET_MATERIALIZATION

_OPEN = """
select dedup_key, run_id, source, partition, raised_at from platform.alert
 where resolved_at is null and starts_with(dedup_key, 'run:') and run_id is not null order by id
"""


@dataclass(frozen=True)
class FailedRun:
    """A failed run whose alert is open."""

    key: str
    run_id: str
    job: str
    partition: str | None
    told_at: datetime


def still_failed(database: Database, instance: dg.DagsterInstance, now: datetime) -> list[FailedRun]:
    """Close the alerts of failed runs whose work has been done since; return the others."""
    failed = [FailedRun(*row) for row in database.rows(_OPEN)]
    first = int(now.timestamp() // 60) * MOST_LOOKED_AT % max(1, len(failed))
    looked_at = (failed[first:] + failed[:first])[:MOST_LOOKED_AT]
    mended = {one.key for one in looked_at if made_since(instance, one.run_id)}
    for key in mended:
        resolve(database, key)
    return [one for one in failed if one.key not in mended]


def made_since(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Tell whether all that a failed run left unmade has been made by later runs.

    A run that had made everything (its checks failed), or makes no assets, is followed by a later run
    of the same that succeeded. A run Dagster does not know any more was deleted by somebody.
    """
    record = instance.get_run_record_by_id(run_id)
    if record is None:
        return True
    planned = instance.get_records_for_run(run_id, of_type=_PLANNED).records
    made = {_place(event) for event in instance.get_records_for_run(run_id, of_type=_MADE).records}
    left = {_place(event) for event in planned} - made
    if left:
        begun = max(event.storage_id for event in planned)
        return all(_made_after(instance, key, partition, begun) for key, partition in left)
    return _succeeded_after(instance, record)


def left_failed(failed: Iterable[FailedRun], now: datetime, patience: timedelta) -> list[Condition]:
    """Return, for each job, the partitions that have been failed for longer than `patience`."""
    partitions: dict[str, set[str]] = defaultdict(set)
    for one in failed:
        if one.partition and now - one.told_at >= patience:
            partitions[one.job].add(one.partition)
    return [
        Condition(
            job,
            Severity.ERROR,
            "partitions",
            f"{len(some)} partition{'s' if len(some) > 1 else ''} of {job} left failed",
            ", ".join(sorted(some)[:NAMED])
            + (f" and {len(some) - NAMED} more" if len(some) > NAMED else "")
            + ". Nothing has made them since; materialize them once the cause is mended.",
            source=job,
            details={"count": len(some), "partitions": sorted(some)[:NAMED]},
        )
        for job, some in partitions.items()
    ]


def _place(event: dg.EventLogRecord) -> tuple[dg.AssetKey | None, str | None]:
    return event.asset_key, event.partition_key


def _made_after(
    instance: dg.DagsterInstance, key: dg.AssetKey | None, partition: str | None, storage_id: int
) -> bool:
    if key is None:
        return True
    wanted = dg.AssetRecordsFilter(
        key, asset_partitions=None if partition is None else [partition], after_storage_id=storage_id
    )
    return bool(instance.fetch_materializations(wanted, limit=1).records)


def _succeeded_after(instance: dg.DagsterInstance, failed: dg.RunRecord) -> bool:
    run = failed.dagster_run
    partition = run.tags.get("dagster/partition")
    wanted = dg.RunsFilter(
        job_name=run.job_name,
        statuses=[dg.DagsterRunStatus.SUCCESS],
        tags={"dagster/partition": partition} if partition else None,
        created_after=failed.create_timestamp,
    )
    return any(later.asset_selection == run.asset_selection for later in instance.get_runs(wanted, limit=100))
