"""An image beside a loaded survey, through Dagster: compared, graded, stopped below the grade that is set."""

import dagster as dg
import pytest

from dsa_hcal_assets.quality.environment import variable
from dsa_hcal_assets.radio.catalogues.loading import load_catalogue
from dsa_hcal_assets.simulation.uvh5.sky import CALIBRATORS

pytestmark = [pytest.mark.radio, pytest.mark.timeout(600)]
IMAGE, BEHIND = "continuum_image", "radio_qa_report"
TRUE = CALIBRATORS["3C147"]
JY = float(TRUE.flux_jy(1.4e9))


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


def grade(result):
    return checks(result)["grade"].description[0]


def made(result):
    return [event.asset_key.to_user_string() for event in result.get_asset_materialization_events()]


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
    assert grade(result) == "B"


def test_sources_in_another_place_are_a_warning_and_cost_a_grade(imaged):
    result = imaged(JY, north_arcsec=10)
    offset = checks(result)["position_offset"]
    assert (offset.passed, offset.metadata["level"].value) == (False, "warn")
    assert value(offset) == pytest.approx(10, abs=1)
    assert grade(result) == "C"
    assert result.success


class TestFluxDensitiesAThirdOfTheSurveys:
    def test_they_fail_the_comparison_which_is_grade_d_and_blocks_nothing_by_default(self, imaged):
        result = imaged(3 * JY)
        ratio = checks(result)["flux_ratio"]
        assert (ratio.passed, ratio.metadata["level"].value) == (False, "fail")
        assert value(ratio) == pytest.approx(1 / 3, rel=0.1)
        assert grade(result) == "D"
        assert result.success
        assert made(result) == [IMAGE, BEHIND]

    def test_below_the_grade_that_is_set_the_image_is_blocked_until_that_is_lifted(
        self, imaged, platform, monkeypatch
    ):
        monkeypatch.setenv(variable(IMAGE, "grade", "error_below"), "2")
        result = imaged(3 * JY, anew=False)
        assert not result.success
        assert made(result) == [IMAGE]
        assert checks(result)["grade"].severity is dg.AssetCheckSeverity.ERROR
        later = platform.materialize(IMAGE, BEHIND)
        assert later.failure_data_for_node(BEHIND).user_failure_data.metadata["error"].text == "GateBlocked"
        monkeypatch.undo()
        assert made(imaged(3 * JY, anew=False)) == [IMAGE, BEHIND]


def test_a_blocking_check_that_fails_is_grade_f_which_blocks_too(imaged, monkeypatch):
    monkeypatch.setenv(variable(IMAGE, "dynamic_range", "error_below"), "1e9")
    result = imaged(JY)
    closed = {
        name
        for name, one in checks(result).items()
        if not one.passed and one.severity is dg.AssetCheckSeverity.ERROR
    }
    assert closed == {"dynamic_range", "grade"}
    assert (grade(result), value(checks(result)["grade"])) == ("F", 0.0)
    assert made(result) == [IMAGE]
    monkeypatch.undo()
    assert imaged(JY, anew=False).success
