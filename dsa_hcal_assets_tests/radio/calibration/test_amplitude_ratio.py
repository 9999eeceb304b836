"""With a window a subband, the one subband that is wrong is seen, and named."""

import shutil
from pathlib import Path

import pytest

from dsa_hcal_assets.radio.calibration import application_metrics
from dsa_hcal_assets.radio.calibration.description import SetDescription
from dsa_hcal_assets.radio.calibration.streamed_application import write_calibrated
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.simulation.uvh5.group import GroupSetup
from dsa_hcal_assets_tests.radio.conftest import Chain, Metrics, simulated

pytestmark = [pytest.mark.radio, pytest.mark.timeout(600)]
WRONG, FACTOR = 5, 6.0


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A small group with sixteen windows, solved."""
    chain = simulated(
        tmp_path_factory.mktemp("windows"),
        GroupSetup(antennas=9, channels=2, integrations=6),
        layout="per-subband",
        **{"calibration.field_model": False},
    )
    _ = chain.solutions
    return chain


def ratio(chain: Chain, room: Path, ms: Path, described: SetDescription) -> tuple[float, str]:
    """Apply the chain's set to `ms` and return ratio and detail, judged by `described`."""
    tallies = write_calibrated(
        ms,
        FlagSet.load(Path(chain.flags["flags"])),
        chain.home / "tables",
        described.tables,
        1,
        room / "calibrated.ms",
    )
    found = application_metrics.measure(ms, tallies, described)
    return next((one["value"], one["detail"]) for one in found if one["name"] == "amplitude_ratio")


def scaled(ms: Path, target: Path) -> Path:
    """Copy a set and make one window's data larger, as a gain that was changed after the solve does."""
    from casacore.tables import table

    shutil.copytree(ms, target)
    with (
        table(str(target), readonly=False, ack=False) as main,
        main.query(f"DATA_DESC_ID == {WRONG}") as rows,
    ):
        rows.putcol("DATA", FACTOR * rows.getcol("DATA"))
    return target


def test_all_windows_of_a_good_group_are_as_bright_as_the_calibrator(chain: Chain, metrics: Metrics) -> None:
    assert metrics(chain.applied)["amplitude_ratio"] == pytest.approx(1, abs=0.15)


def test_one_window_that_is_too_bright_is_not_lost_in_the_mean(chain: Chain, tmp_path: Path) -> None:
    described = SetDescription.load(chain.home / "tables")
    value, detail = ratio(chain, tmp_path, scaled(chain.ms, tmp_path / "scaled.ms"), described)
    # the mean over sixteen windows would be 1.3
    assert value == pytest.approx(FACTOR, rel=0.15)
    assert detail == f"corrected over known flux density on 3C147, window {WRONG}"


def test_where_the_data_hold_no_calibrator_the_gains_of_each_window_are_compared(
    chain: Chain, tmp_path: Path
) -> None:
    described = SetDescription.load(chain.home / "tables")
    elsewhere = described.model_copy(update={"flux_densities": ()})
    value, detail = ratio(chain, tmp_path, chain.ms, elsewhere)
    assert value == pytest.approx(1, abs=0.3)
    assert detail.startswith("amplitude factor against that of the set, window ")
