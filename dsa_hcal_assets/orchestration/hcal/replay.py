"""Days that a corrected channel map changes are loaded again by one backfill."""

from collections.abc import Sequence
from datetime import datetime

import dagster as dg

from dsa_hcal_assets.orchestration import backfills


def ask_backfill(
    instance: dg.DagsterInstance, repository: dg.RepositoryDefinition, days: Sequence[str], now: datetime
) -> str:
    """Ask the platform for one backfill of the snapshots of `days` and all made of them.

    Returns the backfill's id; see `backfills.ask`.
    """
    return backfills.ask(
        instance,
        repository,
        "hcal_snapshots",
        days,
        now,
        title=f"{len(days)} days under the channel map of today",
        description="asked for by `dsa-hcal hcal map affected --run`",
    )
