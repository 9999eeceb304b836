"""A calibrator's group that lost half its subbands can be solved, and its set is refused by its checks."""

from pathlib import Path

import numpy as np
import pytest

from dsa_hcal_assets.quality.judging import judge
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.quality.verdicts import Metric
from dsa_hcal_assets.radio.calibration.grading import grade
from dsa_hcal_assets.radio.conversion.group import convert_group
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.simulation.uvh5.group import GroupSetup, simulate_group
from dsa_hcal_assets.simulation.uvh5.sky import CALIBRATORS
from dsa_hcal_assets_tests.radio.conftest import Chain, Metrics

pytestmark = pytest.mark.radio

LOST = 8


@pytest.fixture(scope="module")
def halved(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    home: Path = tmp_path_factory.mktemp("halved")
    profile = load_profiles()["dsa110"]
    (home / "incoming").mkdir()
    setup = GroupSetup(antennas=8, channels=2, integrations=6)
    group = simulate_group(home / "incoming", profile, setup, subbands=range(LOST, profile.subbands.count))
    source = CALIBRATORS[setup.calibrator]
    centre = PhaseCentre(source.name, np.radians(source.ra_deg), np.radians(source.dec_deg))
    convert_group(list(group.files), home / "group.ms", profile, phase_centre=centre)
    values = profile.model_dump(mode="json")
    values["calibration"]["field_model"] = False
    return Chain(home, home / "group.ms", values, {"group": group.key}, {})


def test_the_channels_nobody_solved_fail_the_set_although_the_others_are_well(
    halved: Chain, metrics: Metrics
) -> None:
    found = metrics(halved.solutions)
    assert found["channels_unsolved_fraction"] == pytest.approx(0.5)
    assert found["bandpass_flagged_fraction"] < 0.05
    limits = Thresholds.load(environ={})
    verdicts = judge("calibration_tables", [Metric(**one) for one in halved.solutions["metrics"]], limits)
    level, reason = grade(verdicts)
    assert level == "fail"
    assert reason is not None
    assert "channels_unsolved_fraction" in reason
