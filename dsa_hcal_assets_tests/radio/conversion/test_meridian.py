"""Fields of a drift scan stand over one place on the ground; truth is astropy's own HADec frame."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.radio.conversion.meridian import meridian_error
from dsa_hcal_assets.radio.conversion.survey import Survey
from dsa_hcal_assets_tests.radio.conversion.test_gate import sound

ARCSEC = np.radians(1 / 3600)
# 2025-06-05T20:37:07 UTC, a tile of 24 integrations
TIMES = 60831.0 * 86400 + 74227 + 12.884901888 * np.arange(24)


def drift_scan(declination_deg: float = 49.9, hour_angle_deg: float = 0.0, times=TIMES) -> Survey:
    """Fields over `hour_angle_deg` and `declination_deg` of the antennas' mean place."""
    from astropy import units
    from astropy.coordinates import EarthLocation, HADec, SkyCoord
    from astropy.time import Time

    found = sound()
    place = found.antenna_positions_m[found.antennas_used].mean(axis=0)
    frame = HADec(
        obstime=Time(times / 86400, format="mjd", scale="utc"),
        location=EarthLocation.from_geocentric(*place, unit=units.m),
    )
    overhead = SkyCoord(
        ha=np.full(len(times), hour_angle_deg) * units.deg,
        dec=np.full(len(times), declination_deg) * units.deg,
        frame=frame,
    ).icrs
    directions = np.stack([overhead.ra.rad, overhead.dec.rad], axis=1)
    return replace(
        found,
        field_names=[f"meridian_{number}" for number in range(len(times))],
        field_times=np.stack([times, times], axis=1),
        directions={name: directions.copy() for name in found.directions},
    )


def error(found: Survey) -> float:
    return meridian_error(found, drifting=True).value


# HADec has diurnal aberration and polar motion, together below 0.5 arcsec and the same for all fields
@settings(max_examples=10)
@given(declination=st.floats(-25, 80), hour_angle=st.floats(-1, 1))
def test_fields_over_one_place_are_recognised(declination, hour_angle):
    metric = meridian_error(drift_scan(declination, hour_angle), drifting=True)
    assert metric.value < 0.1
    said = re.match(r"24 fields at hour angle (\S+), declination (\S+) deg; worst: meridian_", metric.detail)
    assert [float(value) for value in said.groups()] == pytest.approx([hour_angle, declination], abs=2e-4)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("field", [0, 11, 23])
def test_one_field_elsewhere_is_measured_and_named(field, axis):
    found = drift_scan(declination_deg=0.0)
    found.directions["PHASE_DIR"][field, axis] += 5 * ARCSEC
    metric = meridian_error(found, drifting=True)
    # the mean moves with it, by one part in 24
    assert metric.value == pytest.approx(5 * 23 / 24, abs=0.1)
    assert metric.detail.endswith(f"worst: meridian_{field}")


def test_fields_that_stand_still_on_the_sky_do_not_follow_the_meridian():
    found = drift_scan()
    found.directions["PHASE_DIR"][:] = found.directions["PHASE_DIR"][12]
    # half a tile at 15 arcsec a second and the cosine of the declination
    assert error(found) == pytest.approx(11.5 * 12.885 * 15.04 * np.cos(np.radians(49.9)), rel=0.01)


def test_right_ascensions_that_follow_the_sun_are_told_from_sidereal_ones():
    times = TIMES[0] + np.arange(24) * 3600.0
    found = drift_scan(declination_deg=0.0, times=times)
    found.directions["PHASE_DIR"][:, 0] = found.directions["PHASE_DIR"][0, 0] + np.arange(24) * np.pi / 12
    # a sidereal day is 236 s short; the middle of 23 hours is 11.5 from the ends
    assert error(found) == pytest.approx(11.5 / 24 * 236.6 * 15, rel=0.05)


def test_a_scan_across_right_ascension_zero_is_nothing_special():
    found = drift_scan()
    sidereal_day = 86164.0905
    across = (2 * np.pi - found.directions["PHASE_DIR"][12, 0]) / (2 * np.pi) * sidereal_day
    crossing = drift_scan(times=TIMES + across)
    assert np.ptp(crossing.directions["PHASE_DIR"][:, 0]) > 6
    assert error(crossing) < 0.1


@pytest.mark.parametrize("times", [(np.nan, np.nan), (TIMES[3], TIMES[4])])
def test_a_field_without_a_time_or_with_several_cannot_be_measured(times):
    found = drift_scan()
    found.field_times[3] = times
    metric = meridian_error(found, drifting=True)
    assert np.isnan(metric.value)
    assert metric.detail == "1 of 24 fields have no time or several"


def test_one_centre_and_fields_of_an_array_that_tracks_are_not_asked():
    for found, drifting in ((sound(), True), (drift_scan(), False)):
        metric = meridian_error(found, drifting=drifting)
        assert (metric.value, metric.detail) == (0.0, "fields do not depend on time")
