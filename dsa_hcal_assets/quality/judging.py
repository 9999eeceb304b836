"""The one place where a number becomes a verdict."""

import math
from collections.abc import Iterable

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.quality.thresholds import Threshold, Thresholds
from dsa_hcal_assets.quality.verdicts import Level, Metric, Verdict

NOT_MEASURED = "not measured"


def judge(
    stage: str, metrics: Iterable[Metric], thresholds: Thresholds, profile: str | None = None
) -> list[Verdict]:
    """Judge the metrics of one stage; the order is that of the thresholds file, extras last.

    A metric that has limits but was not measured (absent or NaN) fails: a check that silently
    does not run looks like a check that passed. One marked ``optional`` passes then and says why it was
    not. A metric without limits is kept as information:
    it passes, does not block, and fails only when it is NaN. Infinities are judged like numbers.

    Parameters
    ----------
    stage
        Section of the thresholds file, such as ``rig_clean``.
    metrics
        What was measured; a name may occur once.
    thresholds
        The limits, already merged with the operator's overrides.
    profile
        Telescope or detector profile whose limits replace the general ones.

    Raises
    ------
    ConfigurationError
        If the stage has no limits at all, or a metric is given twice.
    """
    limits = thresholds.of_stage(stage)
    if not limits:
        raise ConfigurationError(
            f"no thresholds for stage {stage!r}",
            expected=f"one of {', '.join(thresholds.stages())}",
            remedy=f"add a [{stage}.<metric>] section to quality/thresholds.toml",
        )
    measured = _by_name(stage, metrics)
    verdicts = [_verdict(one.for_profile(profile), measured.pop(one.metric, None)) for one in limits]
    return verdicts + [_information(stage, metric) for metric in measured.values()]


def _by_name(stage: str, metrics: Iterable[Metric]) -> dict[str, Metric]:
    measured: dict[str, Metric] = {}
    for metric in metrics:
        if metric.name in measured:
            raise ConfigurationError(f"metric {stage}.{metric.name} was given twice")
        measured[metric.name] = metric
    return measured


def _verdict(threshold: Threshold, metric: Metric | None) -> Verdict:
    value = math.nan if metric is None else float(metric.value)
    detail = "" if metric is None else metric.detail
    if math.isnan(value):
        # what cannot be measured everywhere is told, and another metric counts how much there was
        level = Level.PASS if threshold.optional else Level.FAIL
        detail = f"{NOT_MEASURED}: {detail}" if detail else NOT_MEASURED
    else:
        level = threshold.limits.level(value)
    return Verdict(
        stage=threshold.stage,
        metric=threshold.metric,
        value=value,
        level=level,
        blocking=threshold.blocking,
        unit=threshold.unit,
        limit=threshold.limits.text(),
        description=threshold.description,
        detail=detail,
    )


def _information(stage: str, metric: Metric) -> Verdict:
    level = Level.FAIL if math.isnan(metric.value) else Level.PASS
    return Verdict(stage, metric.name, float(metric.value), level, blocking=False, detail=metric.detail)
