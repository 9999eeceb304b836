"""A set referred to another direction is the set that would have been converted to it."""

from pathlib import Path

import numpy as np
import pytest

from dsa_hcal_assets.radio.calibration.fields import fields_with_data
from dsa_hcal_assets.radio.calibration.rephasing import rephased
from dsa_hcal_assets.radio.conversion.group import convert_group
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
from dsa_hcal_assets.radio.flagging.visibilities import windows
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.simulation.uvh5.group import GroupSetup, simulate_group
from dsa_hcal_assets.simulation.uvh5.sky import CALIBRATORS

pytestmark = pytest.mark.radio
SETUP = GroupSetup(antennas=6, channels=2, integrations=3)
FIRST = PhaseCentre("3C147", *np.radians([CALIBRATORS["3C147"].ra_deg, CALIBRATORS["3C147"].dec_deg]))
# a degree away on the sky
OTHER = PhaseCentre("J0540+506", FIRST.ra_rad - np.radians(1.1), FIRST.dec_rad + np.radians(0.7))


@pytest.fixture(scope="module", params=["one", "per-subband"])
def converted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same group converted to either direction, with one window or one a subband."""
    home = tmp_path_factory.mktemp("rephasing")
    profile = load_profiles()["dsa110"]
    files = list(simulate_group(home, profile, SETUP).files)
    layout = None if request.param == "one" else request.param
    for centre in (FIRST, OTHER):
        convert_group(files, home / f"{centre.name}.ms", profile, phase_centre=centre, layout=layout)
    return home


def test_data_and_coordinates_are_those_of_a_conversion_to_that_direction(
    converted: Path, tmp_path: Path
) -> None:
    with rephased(converted / f"{FIRST.name}.ms", OTHER, tmp_path) as copy:
        ours = list(windows(copy))
        (field,) = fields_with_data(copy)
    theirs = windows(converted / f"{OTHER.name}.ms")
    assert (field.name, field.ra_deg, field.dec_deg) == (
        OTHER.name,
        pytest.approx(np.degrees(OTHER.ra_rad), abs=1e-9),
        pytest.approx(np.degrees(OTHER.dec_rad), abs=1e-9),
    )
    for mine, wanted in zip(ours, theirs, strict=True):
        scale = np.abs(wanted.data).mean()
        assert np.abs(mine.data - wanted.data).max() < 1e-3 * scale
        assert np.array_equal(mine.flag, wanted.flag)


def test_the_original_is_only_read_and_the_copy_is_gone_afterwards(converted: Path, tmp_path: Path) -> None:
    original = converted / f"{FIRST.name}.ms"
    before = [one.data.copy() for one in windows(original)]
    with rephased(original, OTHER, tmp_path) as copy:
        assert copy.is_dir()
    assert list(tmp_path.iterdir()) == []
    assert all(np.array_equal(a, b.data) for a, b in zip(before, windows(original), strict=True))


def test_there_and_back_again_is_where_it_began(converted: Path, tmp_path: Path) -> None:
    from casacore.tables import table

    original = converted / f"{FIRST.name}.ms"
    with (
        rephased(original, OTHER, tmp_path) as away,
        rephased(away, FIRST, tmp_path) as back,
        table(str(back), ack=False) as main,
        table(str(original), ack=False) as wanted,
    ):
        assert np.abs(main.getcol("UVW") - wanted.getcol("UVW")).max() < 1e-3
        data, expected = main.getcol("DATA"), wanted.getcol("DATA")
    assert np.abs(data - expected).max() < 1e-3 * np.abs(expected).mean()
