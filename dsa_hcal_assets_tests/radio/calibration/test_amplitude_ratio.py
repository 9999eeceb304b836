"""With a window a subband, the one subband that is wrong is seen, and named."""

from dataclasses import replace
from pathlib import Path

import pytest

from dsa_hcal_assets.radio.calibration import application_metrics
from dsa_hcal_assets.radio.calibration.description import SetDescription
from dsa_hcal_assets.radio.calibration.streamed_application import write_calibrated
from dsa_hcal_assets.radio.calibration.tally import Tally
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets_tests.radio.conftest import Chain

pytestmark = [pytest.mark.radio, pytest.mark.timeout(600)]
WINDOWS, WRONG, FACTOR = 16, 5, 6.0


@pytest.fixture(scope="module")
def described(drift: Chain) -> SetDescription:
    _ = drift.solutions
    return SetDescription.load(drift.home / "tables")


@pytest.fixture(scope="module")
def tallies(drift: Chain, described: SetDescription, tmp_path_factory: pytest.TempPathFactory) -> list[Tally]:
    """What applying the set saw of the drift scan, as of sixteen windows that are all alike."""
    out = tmp_path_factory.mktemp("applied") / "calibrated.ms"
    flags = FlagSet.load(Path(drift.flags["flags"]))
    (one,) = write_calibrated(drift.ms, flags, drift.home / "tables", described.tables, 4, out)
    return [replace(one, description=number) for number in range(WINDOWS)]


def ratio(drift: Chain, tallies: list[Tally], described: SetDescription) -> tuple[float, str]:
    found = application_metrics.measure(drift.ms, tallies, described)
    return next((one["value"], one["detail"]) for one in found if one["name"] == "amplitude_ratio")


def test_windows_as_bright_as_the_calibrator_have_a_ratio_of_one(
    drift: Chain, tallies: list[Tally], described: SetDescription
) -> None:
    value, detail = ratio(drift, tallies, described)
    assert value == pytest.approx(1, abs=0.02)
    assert detail.startswith("corrected over known flux density on 3C147, window ")


@pytest.mark.parametrize("factor", [FACTOR, 1 / FACTOR])
def test_one_window_that_is_wrong_is_not_lost_in_the_mean_of_sixteen(
    drift: Chain, tallies: list[Tally], described: SetDescription, factor: float
) -> None:
    wrong = [
        replace(one, real_sum=factor * one.real_sum) if one.description == WRONG else one for one in tallies
    ]
    value, detail = ratio(drift, wrong, described)
    assert value == pytest.approx(factor, rel=0.02)
    assert detail == f"corrected over known flux density on 3C147, window {WRONG}"


def test_a_window_without_unflagged_data_says_nothing(
    drift: Chain, tallies: list[Tally], described: SetDescription
) -> None:
    lost = [
        replace(one, real_sum=0 * one.real_sum, flagged=0 * one.flagged + one.channels)
        if one.description == WRONG
        else one
        for one in tallies
    ]
    assert ratio(drift, lost, described)[0] == pytest.approx(1, abs=0.02)


def test_where_the_data_hold_no_calibrator_the_gains_of_each_window_are_compared(
    drift: Chain, tallies: list[Tally], described: SetDescription
) -> None:
    elsewhere = described.model_copy(update={"flux_densities": ()})
    wrong = [replace(one, factor=FACTOR * one.factor) if one.description == WRONG else one for one in tallies]
    value, detail = ratio(drift, wrong, elsewhere)
    assert value == pytest.approx(FACTOR, rel=0.1)
    assert detail == f"amplitude factor against that of the set, window {WRONG}"
