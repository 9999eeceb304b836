"""The bad-channel map: what runs and temperatures say, from when until when."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from dsa_hcal_assets.database.frame_copy import copy_frame
from dsa_hcal_assets.hcal.corrections import bad_channels
from dsa_hcal_assets.hcal.corrections.bad_channels import (
    bad_channels_at,
    bad_channels_during,
    update_from_runs,
    update_from_temperatures,
)
from dsa_hcal_assets.settings.corrections import CorrectionSettings
from dsa_hcal_assets_tests.hcal.corrections.conftest import DAY

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
NIGHT = timedelta(days=1)
SETTINGS = CorrectionSettings()


def judge(database, run_number, statuses, *, towers=range(1536), level="pass", at=None):
    """Store an LED run of OHCal towers: all ok but `statuses`."""
    started_at = at or FIRST + run_number * NIGHT
    with database.transaction() as cursor:
        cursor.execute(
            "insert into hcal.analysis_run (run_number, kind, started_at, ended_at, contents, arrival_ids,"
            " events, towers, parameters, run_id, level)"
            " values (%s, 'led', %s, %s, 'amplitudes', '{}', 1, 1, '{}', 'r', %s)",
            (run_number, started_at, started_at, level),
        )
        frame = pd.DataFrame({"tower_id": list(towers)})
        frame["status"] = [statuses.get(tower, "ok") for tower in towers]
        fixed = {"run_number": run_number, "at": started_at, "n": 1, "outliers": 0.0, "saturated": 0.0}
        copy_frame(cursor, "hcal", "led_run_tower", frame.assign(**fixed))


def of_tower(database, tower):
    rows = database.rows(
        "select lower(validity), upper(validity), reason, severity from hcal.bad_channel"
        " where tower_id = %s order by 1, 3",
        (tower,),
    )
    return [(since, until, reason, severity) for since, until, reason, severity in rows]


def night(number):
    return FIRST + number * NIGHT


def test_a_tower_is_bad_from_the_run_that_found_it_until_the_run_that_no_longer_does(database):
    for number, statuses in enumerate(({}, {7: "dead"}, {7: "dead"}, {}, {7: "noisy"})):
        judge(database, number, statuses)
    assert update_from_runs(database, "led") == 2
    assert of_tower(database, 7) == [(night(1), night(3), "dead", 2), (night(4), None, "noisy", 1)]
    assert bad_channels_at(database, night(1)) == [bad_channels.BadChannel(7, 2, ("dead",))]
    assert bad_channels_at(database, night(3)) == []
    assert bad_channels_at(database, night(400))[0].reasons == ("noisy",)


def test_a_change_of_reason_ends_one_entry_and_begins_another(database):
    for number, status in enumerate(("noisy", "dead")):
        judge(database, number, {9: status})
    update_from_runs(database, "led")
    assert of_tower(database, 9) == [(night(0), night(1), "noisy", 1), (night(1), None, "dead", 2)]


def test_runs_may_come_in_any_order(database):
    judge(database, 2, {})
    judge(database, 0, {7: "dead"})
    update_from_runs(database, "led")
    assert of_tower(database, 7) == [(night(0), night(2), "dead", 2)]
    judge(database, 1, {})
    update_from_runs(database, "led")
    assert of_tower(database, 7) == [(night(0), night(1), "dead", 2)]


def test_a_run_that_failed_its_checks_says_nothing_about_towers(database):
    judge(database, 0, dict.fromkeys(range(1536), "dead"), level="fail")
    assert update_from_runs(database, "led") == 0


def test_a_tower_that_is_not_in_a_run_of_its_detector_is_missing_one_of_another_detector_is_not(database):
    judge(database, 0, {}, towers=range(1, 1536))
    assert update_from_runs(database, "led") == 1
    assert of_tower(database, 0) == [(night(0), None, "missing", 2)]
    assert of_tower(database, 2000) == []


def test_two_runs_at_one_time_contradict_each_other_without_harm(database):
    judge(database, 0, {7: "dead"})
    judge(database, 1, {}, at=night(0))
    assert update_from_runs(database, "led") == 0


def test_temperatures_of_a_day_tell_missing_stuck_and_hot_towers(detector):
    detector.record(DAY, DAY + NIGHT, unread=[5], fixed=[6], warmer={7: 9.0, 8: 14.0})
    assert update_from_temperatures(detector.database, DAY.date(), SETTINGS) == 4
    assert {tower: of_tower(detector.database, tower)[0][2:] for tower in (5, 6, 7, 8)} == {
        5: ("missing", 2),
        6: ("stuck", 1),
        7: ("hot", 1),
        8: ("hot", 2),
    }
    assert bad_channels_at(detector.database, DAY + NIGHT) == []
    listed = bad_channels_during(detector.database, DAY.date())
    assert listed["tower_id"].tolist() == [5, 6, 7, 8]
    assert listed["limit"].iloc[2:].tolist() == pytest.approx([30.0, 35.0])


def test_looking_at_a_day_again_replaces_what_it_said(detector):
    detector.record(DAY, DAY + NIGHT / 4, unread=[5])
    for _ in range(2):
        assert update_from_temperatures(detector.database, DAY.date(), SETTINGS) == 1
    assert len(of_tower(detector.database, 5)) == 1


def test_a_day_without_any_reading_says_nothing(detector):
    assert update_from_temperatures(detector.database, "2025-01-01", SETTINGS) == 0
