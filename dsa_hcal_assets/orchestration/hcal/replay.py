"""Days that a corrected channel map changes are loaded again by one backfill."""

from collections.abc import Sequence
from datetime import datetime

import dagster as dg
from dagster._core.execution.backfill import PartitionBackfill
from dagster._core.utils import make_new_backfill_id


def ask_backfill(
    instance: dg.DagsterInstance, repository: dg.RepositoryDefinition, days: Sequence[str], now: datetime
) -> str:
    """Ask the platform for one backfill of the snapshots of `days` and all made of them.

    The daemon takes it up; its runs wait for free slots like those of any other. Returns the backfill's
    id. `repository` is that of the platform's definitions.
    """
    graph = repository.asset_graph
    selected = dg.AssetSelection.assets("hcal_snapshots").downstream().resolve(graph)
    backfill = PartitionBackfill.from_asset_partitions(
        backfill_id=make_new_backfill_id(),
        asset_graph=graph,
        partition_names=list(days),
        asset_selection=sorted(selected),
        backfill_timestamp=now.timestamp(),
        tags={},
        dynamic_partitions_store=instance,
        all_partitions=False,
        title=f"{len(days)} days under the channel map of today",
        description="asked for by `dsa-hcal hcal map affected --run`",
        run_config=None,
    )
    instance.add_backfill(backfill)
    return backfill.backfill_id
