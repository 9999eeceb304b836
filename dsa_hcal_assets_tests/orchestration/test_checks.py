import math

import pytest

from dsa_hcal_assets.orchestration.checks import check_name, check_results, check_specs
from dsa_hcal_assets.quality.judging import judge
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.quality.verdicts import Metric

SHIPPED = Thresholds.load(environ={})


@pytest.mark.parametrize("stage", SHIPPED.stages())
def test_every_limit_of_a_stage_is_one_check_of_its_asset(stage):
    limits, specs = SHIPPED.of_stage(stage), check_specs(stage)
    assert [spec.name for spec in specs] == [check_name(limit.metric) for limit in limits]
    assert [spec.blocking for spec in specs] == [limit.blocking for limit in limits]
    assert {spec.asset_key.to_user_string() for spec in specs} == {stage}


def test_names_keep_to_the_alphabet_of_dagster():
    assert check_name("expect_column_values_to_be_between(temperature)") == (
        "expect_column_values_to_be_between_temperature"
    )


@pytest.mark.parametrize(
    ("rows", "passed", "severity"), [(100, True, "WARN"), (0, False, "ERROR"), (math.nan, False, "ERROR")]
)
def test_a_blocking_metric_that_fails_is_an_error(rows, passed, severity):
    verdicts = judge("rig_readings", [Metric("rows", rows)], SHIPPED)
    result = next(
        one for one in check_results("rig_readings", "2026-01-02", verdicts) if one.check_name == "rows"
    )
    assert (result.passed, result.severity.value) == (passed, severity)


def test_an_advisory_metric_that_fails_is_a_warning():
    verdicts = judge("rig_readings", [Metric("largest_gap", 1e6)], SHIPPED)
    result = next(
        one
        for one in check_results("rig_readings", "2026-01-02", verdicts)
        if one.check_name == "largest_gap"
    )
    assert (result.passed, result.severity.value) == (False, "WARN")


def test_a_metric_without_limits_is_no_check():
    verdicts = judge("rig_readings", [Metric("colour", 1)], SHIPPED)
    assert "colour" not in {
        result.check_name for result in check_results("rig_readings", "2026-01-02", verdicts)
    }


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_can_still_be_shown(value):
    verdicts = judge("rig_readings", [Metric("rows", value)], SHIPPED)
    result = next(
        one for one in check_results("rig_readings", "2026-01-02", verdicts) if one.check_name == "rows"
    )
    assert "no number" in result.metadata["value"].text
