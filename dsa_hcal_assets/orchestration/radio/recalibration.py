"""Groups that would get another calibration set today are calibrated again by one backfill."""

from collections.abc import Sequence
from datetime import datetime

import dagster as dg
from dagster._core.execution.backfill import PartitionBackfill
from dagster._core.utils import make_new_backfill_id

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.orchestration.radio import live_window


def ask_backfill(
    instance: dg.DagsterInstance,
    database: Database,
    repository: dg.RepositoryDefinition,
    groups: Sequence[str],
    now: datetime,
) -> str:
    """Ask the platform for one backfill of the calibrated set of `groups` and all made of it.

    Keys that have left the live window come back into it first. The daemon takes the backfill up; its
    runs wait for free slots like those of any other. Returns the backfill's id. `repository` is that
    of the platform's definitions.

    Raises
    ------
    UnknownKey
        If a group was never a partition; nothing is asked for then.
    """
    live_window.restore(instance, database, groups, now)
    graph = repository.asset_graph
    selected = dg.AssetSelection.assets("calibrated_ms").downstream().resolve(graph)
    backfill = PartitionBackfill.from_asset_partitions(
        backfill_id=make_new_backfill_id(),
        asset_graph=graph,
        partition_names=list(groups),
        asset_selection=sorted(selected),
        backfill_timestamp=now.timestamp(),
        tags={},
        dynamic_partitions_store=instance,
        all_partitions=False,
        title=f"{len(groups)} groups with the calibration of today",
        description="asked for by `dsa-hcal calibration stale --run`",
        run_config=None,
    )
    instance.add_backfill(backfill)
    return backfill.backfill_id
