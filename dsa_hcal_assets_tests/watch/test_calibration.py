"""A telescope that observes is found without calibration before its next group is."""

from datetime import timedelta

import pytest

from dsa_hcal_assets.radio.calibration.registry import take_out
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.watch.calibration import calibration_lacking
from dsa_hcal_assets_tests.radio.calibration.test_registry import DECLINATION, HOUR, NOON, register


@pytest.fixture
def observe(database):
    """Enter a group of DSA-110 at a time."""

    def observe(at, declination=DECLINATION):
        with database.transaction() as cursor:
            cursor.execute(
                "insert into radio.observation_group (group_key, profile, telescope, expected, first_sample, "
                "declination_deg, first_seen, last_seen) values (%(key)s, 'dsa110', 'DSA-110', 16, %(at)s, "
                "%(declination)s, %(at)s, %(at)s)",
                {"key": f"{at:%Y-%m-%dT%H:%M:%S}", "at": at, "declination": declination},
            )

    return observe


@pytest.fixture
def lacking(database):
    profiles = load_profiles(None).values()

    def lacking(now):
        found = calibration_lacking(database, profiles, now, observing_hours=24, max_age_hours=72)
        return [(one.name, one.severity.value) for one in found]

    return lacking


def test_a_telescope_that_does_not_observe_needs_no_calibration(lacking, observe):
    assert lacking(NOON) == []
    observe(NOON - 25 * HOUR)
    assert lacking(NOON) == []


def test_none_is_an_error_one_beyond_its_range_a_warning_a_valid_one_fine(lacking, observe, database):
    observe(NOON)
    assert lacking(NOON) == [("dsa110", "error")]
    register(database, NOON - 60 * HOUR)
    assert lacking(NOON) == [("dsa110", "warning")]
    new = register(database, NOON - 2 * HOUR)
    assert lacking(NOON) == []
    take_out(database, new.set_id, "blacklisted", "wrong calibrator")
    assert lacking(NOON) == [("dsa110", "warning")]


def test_a_set_of_another_pointing_does_not_count(lacking, observe, database):
    register(database, NOON)
    observe(NOON - HOUR, declination=DECLINATION + 10)
    assert lacking(NOON) == [("dsa110", "error")]
    observe(NOON, declination=DECLINATION)
    assert lacking(NOON + timedelta(minutes=5)) == []
