"""Groups that would get another calibration set today are calibrated again by one backfill."""

from collections.abc import Sequence
from datetime import datetime

import dagster as dg

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.orchestration import backfills
from dsa_hcal_assets.orchestration.radio import live_window


def ask_backfill(
    instance: dg.DagsterInstance,
    database: Database,
    repository: dg.RepositoryDefinition,
    groups: Sequence[str],
    now: datetime,
) -> str:
    """Ask the platform for one backfill of the calibrated set of `groups` and all made of it.

    Keys that have left the live window come back into it first. Returns the backfill's id; see
    `backfills.ask`.

    Raises
    ------
    UnknownKey
        If a group was never a partition; nothing is asked for then.
    """
    live_window.restore(instance, database, groups, now)
    return backfills.ask(
        instance,
        repository,
        "calibrated_ms",
        groups,
        now,
        title=f"{len(groups)} groups with the calibration of today",
        description="asked for by `dsa-hcal calibration stale --run`",
    )
