"""What is measured on the rig's stages, judged by the shipped limits, and shown in its report."""

import math
from datetime import UTC, datetime

import pandas as pd
import pytest

from dsa_hcal_assets.quality import Level, Metric, Thresholds, judge
from dsa_hcal_assets.rig.checks import clean_metrics, kpi_metrics, readings_metrics
from dsa_hcal_assets.rig.cleaning import clean
from dsa_hcal_assets.rig.csv_text import raw_text
from dsa_hcal_assets.rig.kpis import kpis
from dsa_hcal_assets.rig.readings import parse
from dsa_hcal_assets.rig.report import report, time_series
from dsa_hcal_assets.settings.rig import RigSettings
from dsa_hcal_assets.simulation.rig import simulate

START = datetime(2025, 6, 5, tzinfo=UTC)
LIMITS = Thresholds.load(environ={})
SETTINGS = RigSettings()


def delivered(**options) -> pd.DataFrame:
    return parse(raw_text(simulate(START, **options)), "rig.csv").frame


def by_name(metrics: list[Metric]) -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics}


def all_verdicts(frame: pd.DataFrame):
    result = clean(frame, SETTINGS)
    figures = kpis(result)
    return [
        *judge("rig_readings", readings_metrics(frame), LIMITS),
        *judge("rig_clean", clean_metrics(result), LIMITS),
        *judge("rig_kpis", kpi_metrics(figures, result), LIMITS),
    ]


@pytest.mark.parametrize("seed", range(3))
def test_an_ordinary_day_passes_every_blocking_check(seed):
    assert [verdict for verdict in all_verdicts(delivered(rows=240, seed=seed)) if verdict.stops] == []


def test_every_threshold_of_the_rig_is_measured():
    verdicts = all_verdicts(delivered())
    assert all("not measured" not in verdict.detail for verdict in verdicts)
    limits = [one for one in LIMITS if one.stage.startswith("rig_")]
    assert {(one.stage, one.metric) for one in limits} == {(v.stage, v.metric) for v in verdicts}


class TestReadings:
    def test_nulls_duplicates_and_gaps_are_counted(self):
        frame = delivered(rows=10)
        frame = pd.concat([frame, frame.iloc[[2]]], ignore_index=True).drop(index=[5, 6])
        frame.loc[0, "pressure"] = math.nan
        metrics = by_name(readings_metrics(frame))
        assert metrics["rows"].value == 9
        assert metrics["null_fraction"].value == pytest.approx(1 / 9)
        assert metrics["null_fraction"].detail == "1 pressure"
        assert metrics["duplicate_fraction"].value == pytest.approx(1 / 9)
        assert metrics["largest_gap"].value == 3
        assert metrics["largest_gap"].detail == "0 days 00:18:00 after 00:24:00"

    def test_a_day_without_rows_fails_the_gate(self):
        verdicts = judge("rig_readings", readings_metrics(delivered().iloc[:0]), LIMITS)
        assert verdicts[0].metric == "rows"
        assert verdicts[0].stops

    def test_one_reading_has_no_gap(self):
        assert by_name(readings_metrics(delivered(rows=1)))["largest_gap"].value == 0


class TestCleaned:
    def test_a_bad_day_is_stopped_with_an_account(self):
        frame = delivered(rows=10)
        frame.loc[frame.index[:6], "temperature"] = 500
        (kept, *_) = judge("rig_clean", clean_metrics(clean(frame, SETTINGS)), LIMITS)
        assert (kept.metric, kept.value, kept.stops) == ("kept_fraction", 0.4, True)
        assert kept.detail.startswith("4 of 10: 0 with missing values, 6 out of range")

    def test_great_expectations_would_notice_a_cleaning_that_does_not_clean(self):
        result = clean(delivered(rows=20), SETTINGS)
        broken = result.frame
        broken.loc[0, "temperature"] = 151
        broken.loc[1, "pressure_alert"] = "purple"
        broken.loc[2, "timestamp"] = broken.loc[3, "timestamp"]
        failed = [v.metric for v in judge("rig_clean", clean_metrics(result), LIMITS) if v.stops]
        assert failed == [
            "expect_column_values_to_be_between(temperature)",
            "expect_column_values_to_be_unique(timestamp)",
            "expect_column_values_to_be_in_set(pressure_alert)",
        ]


def test_a_day_without_good_readings_is_not_measured_rather_than_zero():
    frame = delivered(rows=3)
    frame["temperature"] = 999.0
    result = clean(frame, SETTINGS)
    verdicts = judge("rig_kpis", kpi_metrics(kpis(result), result), LIMITS)
    assert {v.metric: v.level for v in verdicts}["avg_temp"] is Level.FAIL
    assert {v.metric: v.level for v in verdicts}["alert_fraction"] is Level.FAIL


class TestReport:
    def page(self, frame):
        result = clean(frame, SETTINGS)
        return report("2025-06-05", all_verdicts(frame), result, kpis(result), SETTINGS, {"run_id": "r1"})

    def test_it_shows_figures_alerts_and_verdicts(self):
        page = self.page(delivered())
        assert page.count("data:image/png") == 2
        for text in ("Test rig", "2025-06-05", "Mean temperature", "Red alerts", "kept_fraction", "r1"):
            assert text in page

    def test_a_day_without_good_readings_still_has_a_report(self):
        frame = delivered(rows=3)
        frame["temperature"] = 999.0
        assert "not measured" in self.page(frame)

    def test_the_figure_follows_the_threshold(self):
        result = clean(delivered(), SETTINGS)
        plots = {limit: time_series(result, "temperature", limit, "T") for limit in (70, 80)}
        assert plots[70] != plots[80]
