"""What is measured on the rig's stages; the limits are in quality/thresholds.toml.

Stages: ``rig_readings`` (rows as delivered), ``rig_clean`` (what cleaning left), ``rig_kpis``.
"""

import math

import pandas as pd

from dsa_hcal_assets.quality import Metric
from dsa_hcal_assets.quality.expectations import Expectation, check_frame
from dsa_hcal_assets.rig.cleaning import (
    NONE,
    PRESSURE_RANGE,
    RED,
    TEMPERATURE_RANGE,
    YELLOW,
    CleanResult,
)
from dsa_hcal_assets.rig.kpis import Kpis

CLEAN_SUITE = (
    Expectation(
        "expect_column_values_to_be_between",
        "temperature",
        {"min_value": TEMPERATURE_RANGE[0], "max_value": TEMPERATURE_RANGE[1]},
    ),
    Expectation(
        "expect_column_values_to_be_between",
        "pressure",
        {"min_value": PRESSURE_RANGE[0], "max_value": PRESSURE_RANGE[1]},
    ),
    Expectation("expect_column_values_to_be_unique", "timestamp"),
    Expectation("expect_column_values_to_be_in_set", "temperature_alert", {"value_set": [NONE, RED]}),
    Expectation("expect_column_values_to_be_in_set", "pressure_alert", {"value_set": [NONE, YELLOW, RED]}),
)


def readings_metrics(frame: pd.DataFrame) -> list[Metric]:
    """Measure the rows of a day as delivered (`RawDay.frame`): stage ``rig_readings``."""
    rows = len(frame)
    if not rows:
        return [Metric("rows", 0, "no file has rows for this day")]
    missing = frame.isna()
    stamps = frame["timestamp"].dropna()
    by_column = ", ".join(f"{count} {name}" for name, count in missing.sum().items() if count)
    return [
        Metric("rows", rows),
        Metric("null_fraction", float(missing.any(axis=1).mean()), by_column),
        Metric("duplicate_fraction", float(stamps.duplicated().sum() / rows)),
        _largest_gap(stamps),
    ]


def clean_metrics(result: CleanResult) -> list[Metric]:
    """Measure what cleaning left: stage ``rig_clean``. Loads Great Expectations."""
    detail = (
        f"{result.kept} of {result.total}: {result.nulls} with missing values, "
        f"{result.out_of_range} out of range, {result.duplicates} duplicates dropped"
    )
    return [Metric("kept_fraction", result.kept_fraction, detail), *check_frame(result.frame, CLEAN_SUITE)]


def kpi_metrics(kpis: Kpis, result: CleanResult) -> list[Metric]:
    """Measure the key figures of a day: stage ``rig_kpis``."""
    alerts = kpis.alert_count / result.kept if result.kept else math.nan
    return [
        Metric("data_quality_score", kpis.data_quality_score),
        Metric("alert_fraction", alerts, f"{kpis.alert_count} red alerts in {result.kept} readings"),
        Metric("avg_temp", kpis.avg_temp),
        Metric("avg_pressure", kpis.avg_pressure),
    ]


def _largest_gap(stamps: "pd.Series[pd.Timestamp]") -> Metric:
    ordered = stamps.drop_duplicates().sort_values()
    if len(ordered) < 2:
        # One reading has no gap; that it is alone is told by its own metric, `rows`.
        return Metric("largest_gap", 0.0, "fewer than two readings")
    steps = ordered.diff().dropna()
    longest = steps.max()
    before = ordered[steps.index[int(steps.to_numpy().argmax())]] - longest
    return Metric("largest_gap", float(longest / steps.median()), f"{longest} after {before:%H:%M:%S}")
