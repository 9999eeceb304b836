"""Each gate of the radio stages, one by one: closed it stops what is behind it, lifted that goes on.

A simulated group goes through the shipped assets. Then, for every blocking limit of the thresholds file,
the limit is moved by its environment variable so that the measured value is beyond it, and back.
"""

import dagster as dg
import pytest

from dsa_hcal_assets.alerts.record import open_alerts
from dsa_hcal_assets.orchestration import radio
from dsa_hcal_assets.orchestration.checks import check_name
from dsa_hcal_assets.quality.environment import variable
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets_tests.orchestration.radio.two_groups import NEXT

pytestmark = [pytest.mark.radio, pytest.mark.timeout(900)]

LOOKS_AT_MATERIALISATIONS = dg.AutomationCondition.any_deps_updated().since_last_handled()
# a set that failed is never chosen: the group is refused unless another set holds
REFUSALS = {"calibration_tables": "NoValidCalibration"}
# nothing reads them: a closed gate is told, and the run fails
QUICK = "quicklook_image"
LAST = (QUICK, "radio_qa_report")
SHIPPED = Thresholds.load(environ={})
GATES = [(stage, one.metric) for stage in (*NEXT, *LAST) for one in SHIPPED.of_stage(stage) if one.blocking]


@pytest.fixture
def closed(platform, monkeypatch):
    """Move the limit of a metric so that its measured value fails; return how to lift that again."""

    def close(stage, metric):
        value, limit = platform.value(stage, metric), SHIPPED.by_stage[stage][metric]
        profile = "dsa110" if "dsa110" in limit.profiles else None
        own = limit.for_profile("dsa110").limits
        if own.error_below is not None:
            monkeypatch.setenv(variable(stage, metric, "error_below", profile), str(value + 1))
        if own.error_above is not None:
            beyond = value - 1 if own.error_below is None else value + 2
            monkeypatch.setenv(variable(stage, metric, "error_above", profile), str(beyond))

    yield close
    monkeypatch.undo()


def test_every_blocking_limit_of_the_radio_stages_is_among_the_gates():
    assert len(GATES) > 40
    assert {stage for stage, _ in GATES} == {one.key.to_user_string() for one in radio.ASSETS}


@pytest.mark.parametrize(("stage", "metric"), GATES)
def test_a_gate_stops_what_is_behind_it_until_it_is_lifted(platform, closed, monkeypatch, stage, metric):
    if stage == "calibration_tables":
        platform.retire_sets()
    closed(stage, metric)
    behind = platform.behind(stage)
    stopped = platform.materialize(stage, stage, *behind)
    assert not stopped.success
    assert materialized(stopped) == [stage]
    assert (stage, check_name(metric)) in failed_checks(stopped)
    assert told(platform, stage, metric)
    if stage in NEXT:
        later = platform.materialize(stage, NEXT[stage])
        assert not later.success
        assert refusal(later, NEXT[stage]) == REFUSALS.get(stage, "GateBlocked")
    monkeypatch.undo()
    lifted = platform.materialize(stage, stage, *behind[:1])
    assert lifted.success
    assert materialized(lifted) == [stage, *behind[:1]]


@pytest.mark.parametrize("stage", NEXT)
def test_automation_that_takes_a_blocked_product_for_a_new_one_is_refused_and_then_goes_on(
    platform, closed, monkeypatch, stage
):
    """A materialisation whose checks failed is one all the same."""
    if stage == "calibration_tables":
        platform.retire_sets()
    behind = NEXT[stage]
    automation = Automation(platform, stage, behind, LOOKS_AT_MATERIALISATIONS)
    assert not automation.asks()
    closed(stage, next(metric for gated, metric in GATES if gated == stage))
    assert not platform.materialize(stage, stage).success
    assert automation.asks()
    assert not platform.materialize(stage, behind).success
    assert not automation.asks()
    monkeypatch.undo()
    assert platform.materialize(stage, stage).success
    assert automation.asks()
    assert platform.materialize(stage, behind).success


def test_automation_that_waits_for_blocking_checks_does_not_ask_before_the_gate_is_lifted(
    platform, closed, monkeypatch
):
    condition = LOOKS_AT_MATERIALISATIONS & dg.AutomationCondition.all_deps_blocking_checks_passed()
    automation = Automation(platform, "measurement_set", "flags", condition)
    assert not automation.asks()
    closed("measurement_set", "zero_windows")
    assert not platform.materialize("measurement_set", "measurement_set").success
    assert not automation.asks()
    monkeypatch.undo()
    assert platform.materialize("measurement_set", "measurement_set").success
    assert automation.asks()


class Automation:
    """The daemon's view: what a condition on `behind` asks for since the last look."""

    def __init__(self, platform, stage, behind, condition):
        self.platform, self.behind, self.key, self.cursor = platform, behind, platform.key(stage), None
        assets = dg.map_asset_specs(
            lambda spec: (
                spec.replace_attributes(automation_condition=condition)
                if spec.key == dg.AssetKey(behind)
                else spec
            ),
            radio.ASSETS,
        )
        self.definitions = dg.Definitions(assets, resources={"installation": platform.installation})

    def asks(self):
        found = dg.evaluate_automation_conditions(
            self.definitions, self.platform.instance, cursor=self.cursor
        )
        self.cursor = found.cursor
        return self.key in found.get_requested_partitions(dg.AssetKey(self.behind))


def materialized(result):
    return [event.asset_key.to_user_string() for event in result.get_asset_materialization_events()]


def failed_checks(result):
    return {
        (one.asset_key.to_user_string(), one.check_name)
        for one in result.get_asset_check_evaluations()
        if not one.passed and one.severity is dg.AssetCheckSeverity.ERROR
    }


def refusal(result, asset):
    return result.failure_data_for_node(asset).user_failure_data.metadata["error"].text


def told(platform, stage, metric):
    alerts = [entry.alert for entry in open_alerts(platform.installation.database)]
    return any(one.source == stage and metric in one.details for one in alerts)
