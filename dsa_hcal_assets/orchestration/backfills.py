"""Ask Dagster for a backfill of an asset and all that is made of it."""

from collections.abc import Sequence
from datetime import datetime

import dagster as dg
from dagster._core.execution.backfill import PartitionBackfill
from dagster._core.utils import make_new_backfill_id


def ask(
    instance: dg.DagsterInstance,
    repository: dg.RepositoryDefinition,
    asset: str,
    keys: Sequence[str],
    now: datetime,
    *,
    title: str,
    description: str,
) -> str:
    """Ask the platform for one backfill of partitions `keys` of `asset` and all made of it.

    The daemon takes it up; its runs wait for free slots like those of any other. Returns the backfill's
    id. `repository` is that of the platform's definitions.
    """
    graph = repository.asset_graph
    selected = dg.AssetSelection.assets(asset).downstream().resolve(graph)
    backfill = PartitionBackfill.from_asset_partitions(
        backfill_id=make_new_backfill_id(),
        asset_graph=graph,
        partition_names=list(keys),
        asset_selection=sorted(selected),
        backfill_timestamp=now.timestamp(),
        tags={},
        dynamic_partitions_store=instance,
        all_partitions=False,
        title=title,
        description=description,
        run_config=None,
    )
    instance.add_backfill(backfill)
    return backfill.backfill_id
