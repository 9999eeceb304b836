"""Asset checks, generated from the thresholds file: one check a metric.

A blocking metric that fails stops everything downstream; an advisory one, and a warning, is shown
and stops nothing.
"""

import math
import re
from collections.abc import Iterable
from functools import cache

import dagster as dg

from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.quality.verdicts import Level, Verdict


def check_name(metric: str) -> str:
    """Return the metric's name in the alphabet Dagster allows for checks."""
    return re.sub(r"\W+", "_", metric).strip("_")


def check_specs(stage: str, *, stop_run: bool = True) -> list[dg.AssetCheckSpec]:
    """Return the checks of a stage (an asset's name), from the thresholds file the product ships.

    With `stop_run` false a blocking check that fails leaves the rest of its run alone; readers of the
    product are refused all the same (`StageRun.input`).
    """
    return [
        dg.AssetCheckSpec(
            check_name(threshold.metric),
            asset=stage,
            blocking=threshold.blocking and stop_run,
            description=f"{threshold.description}. Limits: {threshold.limits.text()}",
        )
        for threshold in _shipped().of_stage(stage)
    ]


def check_results(stage: str, partition: str, verdicts: Iterable[Verdict]) -> list[dg.AssetCheckResult]:
    """Return the verdicts of one stage and partition as Dagster's check results.

    A verdict on a metric without limits is information, not a check: it is left out. The partition
    is metadata of each result: Dagster's own partitioned checks are a preview not meant for production.
    """
    checked = {threshold.metric for threshold in _shipped().of_stage(stage)}
    return [_result(partition, verdict) for verdict in verdicts if verdict.metric in checked]


def shown(value: float) -> float | str:
    """Return a number as metadata may hold it: GraphQL knows neither NaN nor infinities."""
    return value if math.isfinite(value) else f"{value:g} (no number)"


def _result(partition: str, verdict: Verdict) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=check_name(verdict.metric),
        asset_key=verdict.stage,
        passed=verdict.level is Level.PASS,
        severity=dg.AssetCheckSeverity.ERROR if verdict.stops else dg.AssetCheckSeverity.WARN,
        description=verdict.detail or None,
        metadata={
            "partition": partition,
            "value": shown(verdict.value),
            "unit": verdict.unit,
            "limits": verdict.limit,
            "level": verdict.level.value,
        },
    )


@cache
def _shipped() -> Thresholds:
    # Overrides change limits, never which checks exist: the graph does not depend on an environment.
    return Thresholds.load(environ={})
