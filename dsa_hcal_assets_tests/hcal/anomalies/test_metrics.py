"""The gate of corrections: it closes when too much is missing, or too much of the detector is wrong."""

import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.anomalies.metrics import anomaly_metrics
from dsa_hcal_assets.hcal.mapping.channel_map import BOARDS
from dsa_hcal_assets.quality.judging import judge
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.quality.verdicts import Level, Verdict
from dsa_hcal_assets_tests.hcal.anomalies.conftest import Look
from dsa_hcal_assets_tests.hcal.anomalies.scene import DAY, quiet

STAGE = "detector_anomalies"


@pytest.fixture
def verdicts(database: Database, thresholds: Thresholds, look: Look) -> object:
    """Store a scene, look at it, judge its day."""

    def judged(*scenes: object) -> dict[str, Verdict]:
        if scenes:
            look(*scenes)
        return {one.metric: one for one in judge(STAGE, anomaly_metrics(database, DAY), thresholds)}

    return judged


def closed(verdicts: dict[str, Verdict]) -> set[str]:
    return {name for name, one in verdicts.items() if one.stops}


def test_a_good_day_passes_every_check(verdicts) -> None:
    judged = verdicts(quiet(12))
    assert {one.level for one in judged.values()} == {Level.PASS}
    assert judged["cycles_present"].detail == "0 of 12 cycles missing"
    assert judged["days_of_history"].value == 0


def test_a_day_of_which_more_than_half_is_missing_closes_the_gate(verdicts) -> None:
    scene = quiet(24)
    scene.lost = set(range(4, 22))
    judged = verdicts(scene)
    assert judged["cycles_present"].value == pytest.approx(6 / 24)
    assert judged["cycles_present"].detail == "18 of 24 cycles missing: 18 snapshot lost"
    assert judged["tower_coverage"].value == pytest.approx(6 / 24)
    assert judged["longest_gap"].value == pytest.approx(3)
    assert closed(judged) == {"cycles_present", "tower_coverage"}


def test_a_gap_is_told_without_closing_the_gate(verdicts) -> None:
    scene = quiet(24)
    scene.lost, scene.acquisitions = set(range(12, 20)), (0, 20)
    judged = verdicts(scene)
    assert judged["longest_gap"].level is Level.WARN
    assert judged["cycles_present"].detail == "8 of 24 cycles missing: 8 acquisition down"
    assert closed(judged) == set()


def test_the_poorest_board_is_named(verdicts) -> None:
    scene = quiet(12)
    scene.down = {(cycle, "91") for cycle in range(9)}
    judged = verdicts(scene)
    assert (judged["lowest_board_coverage"].value, judged["lowest_board_coverage"].detail) == (
        0.25,
        "board 91",
    )
    assert judged["lowest_board_coverage"].level is Level.FAIL
    assert closed(judged) == set()


def test_towers_in_error_are_those_of_silent_boards_and_dead_supplies_too_each_once(verdicts) -> None:
    scene = quiet(12)
    scene.down = {(cycle, "82") for cycle in range(6, 12)}
    scene.bias[:, 40:42] = 0
    scene.temperature[:, 5] = 50
    scene.temperature[3, 700] = 50  # over before the newest cycle
    judged = verdicts(scene)
    assert judged["towers_in_error"].detail == f"{192 + 48 + 1} towers"
    assert (judged["half_sectors_off"].value, judged["half_sectors_off"].detail) == (2, "O-20N, O-20S")
    assert judged["errors"].level is Level.WARN
    assert closed(judged) == set()


def test_a_quarter_of_the_detector_in_error_closes_the_gate(verdicts) -> None:
    scene = quiet(12)
    scene.down = {(cycle, board) for cycle in range(8, 12) for board in BOARDS[:5]}
    assert closed(verdicts(scene)) == {"towers_in_error"}


def test_half_a_detector_without_bias_closes_the_gate(verdicts) -> None:
    scene = quiet(12)
    scene.bias[6:, :65] = 0
    assert closed(verdicts(scene)) == {"half_sectors_off", "towers_in_error"}


def test_an_empty_day_closes_the_gate(verdicts, thresholds: Thresholds) -> None:
    blocking = {one.metric for one in thresholds.of_stage(STAGE) if one.blocking}
    assert closed(verdicts()) == blocking
