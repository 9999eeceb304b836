"""Sets of corrections: intervals without gap or overlap, stored whole, made from runs that passed."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.hcal.corrections import correcting
from dsa_hcal_assets.hcal.corrections.combining import Status
from dsa_hcal_assets.hcal.corrections.led_runs import LedRuns, NoLedRun
from dsa_hcal_assets.quality.verdicts import Level
from dsa_hcal_assets_tests.hcal.corrections.conftest import DAY, HOUR, REFERENCE_AT, RUN_AT
from dsa_hcal_assets_tests.hcal.corrections.detector import SETTINGS

START = datetime(2026, 1, 11, tzinfo=UTC)


@given(minutes=st.integers(1, 24 * 60))
def test_intervals_cover_the_day_once(minutes):
    length = timedelta(minutes=minutes)
    made = correcting.intervals(START, START + timedelta(days=1), length)
    assert made[0][0] == START
    assert made[-1][1] == START + timedelta(days=1)
    assert all(before[1] == after[0] for before, after in pairwise(made))
    assert all(timedelta(0) < last - first <= length for first, last in made)


def test_a_set_is_stored_as_it_was_made_and_read_by_nobody_before_its_verdict(aged):
    made = correcting.correct_day(aged.database, DAY.date(), SETTINGS)
    number = correcting.store(aged.database, made, "run-1")
    stored = correcting.stored_rows(aged.database, number)
    ordered = made.rows.sort_values(["valid_from", "tower_id"])
    assert stored["tower_id"].tolist() == ordered["tower_id"].tolist()
    assert (stored["valid_until"] - stored["valid_from"]).unique().tolist() == [6 * HOUR]
    for column in ("gain", "gain_error", "drift", "temperature", "spread"):
        assert stored[column].to_numpy(dtype=float) == pytest.approx(ordered[column], rel=1e-6, nan_ok=True)
    current = "select count(*) from hcal.current_gain_correction where correction_set = %s"
    assert aged.database.rows(current, (number,)) == [(0,)]
    correcting.judged(aged.database, number, Level.WARN)
    assert aged.database.rows(current, (number,)) == [(len(stored),)]


def test_the_database_refuses_overlapping_intervals_of_a_tower(aged):
    made = correcting.correct_day(aged.database, DAY.date(), SETTINGS)
    made.rows.loc[0, "valid_until"] += timedelta(seconds=1)
    before = aged.database.rows("select count(*) from hcal.correction_set")
    with pytest.raises(psycopg2.errors.ExclusionViolation):
        correcting.store(aged.database, made, "run-1")
    assert aged.database.rows("select count(*) from hcal.correction_set") == before


def test_without_a_run_that_passed_there_is_nothing_to_correct(detector):
    detector.take_led_run(1, RUN_AT, level=Level.FAIL)
    with pytest.raises(NoLedRun, match="no LED run passed"):
        correcting.correct_day(detector.database, DAY.date(), SETTINGS)


def test_a_reference_run_that_did_not_pass_is_refused_by_name_of_the_setting(detector):
    detector.take_led_run(1, RUN_AT, level=Level.FAIL)
    for number, found in ((1, "verdict fail"), (2, "no such LED run")):
        with pytest.raises(ConfigurationError, match=rf"REFERENCE_RUN.*{found}"):
            LedRuns(detector.database, SETTINGS.model_copy(update={"reference_run": number}))


def test_each_tower_takes_the_nearest_run_it_is_in(detector):
    detector.take_led_run(1, REFERENCE_AT)
    detector.take_led_run(2, RUN_AT, detectors=(1,))
    state = LedRuns(detector.database, SETTINGS).state_at(RUN_AT)
    assert set(state.run_number[:1536]) == {1}
    assert set(state.run_number[1536:]) == {2}
    assert state.age_days[0] == pytest.approx(10.125)
    assert state.age_days[-1] == 0


def test_a_tower_that_was_in_no_run_has_no_correction(detector):
    detector.take_led_run(1, REFERENCE_AT, detectors=(0,))
    detector.record(REFERENCE_AT - HOUR, REFERENCE_AT + HOUR)
    rows = correcting.correct_day(detector.database, REFERENCE_AT.date(), SETTINGS).rows
    inner = rows[rows["tower_id"] >= 1536]
    assert inner["gain"].isna().all()
    assert (inner["status"] & int(Status.NO_LED)).all()
    assert inner["led_run"].isna().all()


def test_an_old_run_is_marked_and_its_uncertainty_grows_with_its_age(aged):
    near = correcting.correct_day(
        aged.database, DAY.date(), SETTINGS.model_copy(update={"run_age_days": 0.1})
    )
    old = near.rows[near.rows["valid_from"] == DAY + 18 * HOUR]
    assert (old["status"] & int(Status.RUN_TOO_OLD)).all()
    steady = correcting.correct_day(
        aged.database, DAY.date(), SETTINGS.model_copy(update={"drift_per_day": 0})
    )
    known = near.rows["gain"].notna()
    later = known & (near.rows["valid_from"] != DAY + 6 * HOUR)  # the run is in the middle of that one
    assert (near.rows["gain_error"] > steady.rows["gain_error"])[later].all()
    assert near.rows["gain"][known].to_numpy() == pytest.approx(steady.rows["gain"][known].to_numpy())


def test_a_correction_outside_the_sane_range_is_marked(aged):
    strict = SETTINGS.model_copy(update={"least_gain": 0.999, "most_gain": 1.001})
    rows = correcting.correct_day(aged.database, DAY.date(), strict).rows
    marked = (rows["status"] & int(Status.NOT_SANE)) > 0
    outside = rows["gain"].notna() & ~rows["gain"].between(0.999, 1.001)
    assert marked.tolist() == outside.tolist()
    assert marked.any()
