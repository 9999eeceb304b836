"""What is recorded of every stage besides its product: its time, and where wanted its trace and profile."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.observability.profiling import profiled
from dsa_hcal_assets.observability.stage_times import timed
from dsa_hcal_assets.observability.tracing import TRACE_TAG, parent_of, span
from dsa_hcal_assets.settings import Settings


@contextmanager
def observed(stage: str, context: dg.AssetExecutionContext, installation: Installation) -> Iterator[None]:
    """Record the body as the execution of a stage."""
    settings, partition, run_id = installation.settings, str(context.partition_key), str(context.run.run_id)
    facts = {"dsa_hcal__stage": stage, "dsa_hcal__partition": partition, "dagster__run_id": run_id}
    profile = settings.logs / "runs" / run_id / f"{stage}.prof"
    with (
        timed(installation.database, stage, partition, run_id),
        span(settings.observability, f"stage {stage}", parent=parent_of(context.run.tags, run_id), **facts),
        profiled(profile if settings.observability.profiles(stage) else None),
    ):
        yield


def trace_tags(settings: Settings, sensor: str, partition: str) -> dict[str, str]:
    """Begin the trace of a run that a sensor asks for; return the tags that carry it, none without traces."""
    with span(settings.observability, sensor, dsa_hcal__partition=partition) as parent:
        return {TRACE_TAG: parent} if parent else {}
