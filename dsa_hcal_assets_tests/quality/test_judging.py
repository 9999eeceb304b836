"""What is measured is judged; what is not measured has failed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.quality import Level, Metric, Thresholds, judge
from dsa_hcal_assets.quality.verdicts import worst

THRESHOLDS = Thresholds.from_document(
    {
        "stage": {
            "low": {"description": "Low", "unit": "K", "warn_below": 2, "error_below": 1, "blocking": True},
            "high": {"description": "High", "unit": "1", "warn_above": 5, "blocking": False},
        }
    }
)


def levels(*metrics: Metric) -> dict[str, Level]:
    return {verdict.metric: verdict.level for verdict in judge("stage", metrics, THRESHOLDS)}


def test_a_verdict_carries_all_a_reader_needs():
    verdict = judge("stage", [Metric("low", 0.5, "board 3"), Metric("high", 1)], THRESHOLDS)[0]
    assert (verdict.stage, verdict.metric, verdict.value) == ("stage", "low", 0.5)
    assert (verdict.level, verdict.blocking, verdict.stops) == (Level.FAIL, True, True)
    assert (verdict.unit, verdict.limit) == ("K", "warn < 2, fail < 1")
    assert (verdict.description, verdict.detail) == ("Low", "board 3")


def test_a_metric_with_limits_that_is_absent_fails():
    (low, high) = judge("stage", [Metric("high", 1)], THRESHOLDS)
    assert (low.level, low.detail, low.stops) == (Level.FAIL, "not measured", True)
    assert math.isnan(low.value)
    assert high.level is Level.PASS


def test_nan_fails_and_keeps_its_reason():
    verdict = judge("stage", [Metric("low", math.nan, "no unflagged data"), Metric("high", 1)], THRESHOLDS)[0]
    assert (verdict.level, verdict.detail) == (Level.FAIL, "not measured: no unflagged data")


def test_what_need_not_be_measured_passes_and_says_that_it_was_not():
    limits = {"description": "Ratio", "unit": "1", "error_above": 2, "blocking": True, "optional": True}
    thresholds = Thresholds.from_document({"stage": {"ratio": limits}})
    (told,) = judge("stage", [Metric("ratio", math.nan, "no catalogue")], thresholds)
    assert (told.level, told.detail) == (Level.PASS, "not measured: no catalogue")
    (failed,) = judge("stage", [Metric("ratio", 3)], thresholds)
    assert failed.stops


def test_infinity_is_a_number_beyond_every_limit():
    assert levels(Metric("low", -math.inf), Metric("high", math.inf)) == {
        "low": Level.FAIL,
        "high": Level.WARN,
    }


def test_a_metric_without_limits_is_information():
    *_, extra = judge("stage", [Metric("low", 3), Metric("high", 1), Metric("rows", 12)], THRESHOLDS)
    assert (extra.metric, extra.value, extra.level, extra.blocking) == ("rows", 12, Level.PASS, False)


def test_a_stage_nobody_wrote_limits_for_is_refused():
    with pytest.raises(ConfigurationError, match="no thresholds for stage 'stag'"):
        judge("stag", [Metric("low", 3)], THRESHOLDS)


def test_one_name_given_twice_is_refused():
    with pytest.raises(ConfigurationError, match=r"stage\.low was given twice"):
        judge("stage", [Metric("low", 3), Metric("low", 4)], THRESHOLDS)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_a_worse_value_never_gets_a_better_verdict(first, second):
    better, worse = max(first, second), min(first, second)
    order = list(Level)
    assert order.index(levels(Metric("low", worse))["low"]) >= order.index(
        levels(Metric("low", better))["low"]
    )


def test_worst_of_many():
    assert worst([]) is Level.PASS
    assert worst(judge("stage", [Metric("low", 1.5), Metric("high", 1)], THRESHOLDS)) is Level.WARN
