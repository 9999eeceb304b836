"""Each gate of the radio stages, one by one: closed it stops what is behind it, lifted that goes on.

A simulated group goes through the shipped assets. Then, for every blocking limit of the thresholds file,
the limit is moved by its environment variable so that the measured value is beyond it, and back. At the end
images are compared with a survey that is loaded, graded, and stopped below the grade that is set.
"""

import dagster as dg
import pytest

from dsa_hcal_assets.alerts.record import open_alerts
from dsa_hcal_assets.orchestration import radio
from dsa_hcal_assets.orchestration.checks import check_name
from dsa_hcal_assets.quality.environment import variable
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.radio.catalogues.loading import load_catalogue
from dsa_hcal_assets.simulation.uvh5.sky import CALIBRATORS
from dsa_hcal_assets_tests.orchestration.radio.two_groups import NEXT

pytestmark = [pytest.mark.radio, pytest.mark.timeout(900)]

IMAGE, BEHIND = "continuum_image", "radio_qa_report"
TRUE = CALIBRATORS["3C147"]
JY = float(TRUE.flux_jy(1.4e9))
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
    behind = platform.behind(stage)[:1]
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
    lifted = platform.materialize(stage, stage, *behind)
    assert lifted.success
    assert materialized(lifted) == [stage, *behind]


def test_a_gate_at_the_beginning_stops_everything_behind_it(platform, closed):
    closed("measurement_set", "zero_windows")
    stopped = platform.materialize("measurement_set", "measurement_set", *platform.behind("measurement_set"))
    assert materialized(stopped) == ["measurement_set"]


@pytest.mark.parametrize("stage", ["measurement_set", "calibration_tables", "calibrated_ms"])
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


@pytest.fixture(scope="module")
def imaged(platform, tmp_path_factory):
    """Load a survey that holds 3C147, as bright and where it says, and image the group anew."""
    home = tmp_path_factory.mktemp("survey")

    def imaged(jy, north_arcsec=0.0, *, anew=True):
        path = home / "survey.csv"
        place = f"{TRUE.ra_deg},{TRUE.dec_deg + north_arcsec / 3600}"
        path.write_text(f"name,ra_deg,dec_deg,flux_mjy\nJ0542+498,{place},{1000 * jy}\n")
        load_catalogue(platform.installation.database, "survey", path, frequency_hz=1.4e9)
        if anew:
            platform.workers.forget("make_images")
        return platform.materialize(IMAGE, IMAGE, BEHIND)

    yield imaged
    platform.workers.forget("make_images")


def checks(result):
    return {one.check_name: one for one in result.get_asset_check_evaluations()}


def value(check):
    return check.metadata["value"].value


def grade_of(result):
    return checks(result)["grade"].description[0]


def test_an_image_that_agrees_with_the_survey_passes_the_comparison(imaged):
    result = imaged(JY)
    found = checks(result)
    assert result.success
    assert value(found["matched_sources"]) == 1
    assert found["matched_sources"].description == "1 of 1 sources of survey above 10 sigma found"
    assert value(found["flux_ratio"]) == pytest.approx(1, abs=0.1)
    assert value(found["position_offset"]) < 1
    assert found["flux_ratio"].passed
    assert found["position_offset"].passed
    # one source is too few for an A
    assert grade_of(result) == "B"


def test_sources_in_another_place_are_a_warning_and_cost_a_grade(imaged):
    result = imaged(JY, north_arcsec=10)
    offset = checks(result)["position_offset"]
    assert (offset.passed, offset.metadata["level"].value) == (False, "warn")
    assert value(offset) == pytest.approx(10, abs=1)
    assert grade_of(result) == "C"
    assert result.success


class TestFluxDensitiesAThirdOfTheSurveys:
    def test_they_fail_the_comparison_which_is_grade_d_and_blocks_nothing_by_default(self, imaged):
        result = imaged(3 * JY)
        ratio = checks(result)["flux_ratio"]
        assert (ratio.passed, ratio.metadata["level"].value) == (False, "fail")
        assert value(ratio) == pytest.approx(1 / 3, rel=0.1)
        assert grade_of(result) == "D"
        assert result.success
        assert materialized(result) == [IMAGE, BEHIND]

    def test_below_the_grade_that_is_set_the_image_is_blocked_until_that_is_lifted(
        self, imaged, platform, monkeypatch
    ):
        monkeypatch.setenv(variable(IMAGE, "grade", "error_below"), "2")
        result = imaged(3 * JY, anew=False)
        assert not result.success
        assert materialized(result) == [IMAGE]
        assert checks(result)["grade"].severity is dg.AssetCheckSeverity.ERROR
        later = platform.materialize(IMAGE, BEHIND)
        assert refusal(later, BEHIND) == "GateBlocked"
        monkeypatch.undo()
        assert materialized(imaged(3 * JY, anew=False)) == [IMAGE, BEHIND]


def test_a_blocking_check_that_fails_is_grade_f_which_blocks_too(imaged, monkeypatch):
    monkeypatch.setenv(variable(IMAGE, "dynamic_range", "error_below"), "1e9")
    result = imaged(3 * JY, anew=False)
    assert failed_checks(result) == {(IMAGE, "dynamic_range"), (IMAGE, "grade")}
    assert (grade_of(result), value(checks(result)["grade"])) == ("F", 0.0)
    assert materialized(result) == [IMAGE]
    monkeypatch.undo()
    assert imaged(3 * JY, anew=False).success
