"""Phasing: what lies in a direction has phase zero once the group is phased to it, and only there."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.radio.conversion import geometry
from dsa_hcal_assets.radio.conversion.errors import UnsuitablePhase
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre, midpoint_centre, phase, uvw_of_fields
from dsa_hcal_assets.radio.conversion.visibilities import SPEED_OF_LIGHT
from dsa_hcal_assets.radio.ingest.uvh5 import Field, Uvh5Header
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets_tests.radio.conversion import headers
from dsa_hcal_assets_tests.radio.conversion.headers import SITE, sidereal

DSA, VLA = load_profiles()["dsa110"], load_profiles()["vla"]
FROM_ANTENNAS = VLA.converting(uvw="antennas")
UNPROJECTED, EACH_MERIDIAN = DSA.converting(input_phase="zenith"), DSA.converting(phase_centre="meridian")
ZENITH = Field(0, "zenith", "zenith", 0.0, np.pi / 2, "icrs", 2000.0)
DRIFT = headers.header(antennas=4, integrations=3)
MERIDIAN = midpoint_centre(DRIFT)


def directions(field: Field, header: Uvh5Header) -> np.ndarray:
    """Unit vectors (rows, 3) towards a sidereal field in ITRF axes, by astropy alone."""
    from astropy import units
    from astropy.coordinates import ITRS, SkyCoord
    from astropy.time import Time

    with geometry.earth_orientation(header.times_jd):
        place = SkyCoord(field.lon * units.rad, field.lat * units.rad, frame="icrs", distance=1e9 * units.pc)
        seen = place.transform_to(ITRS(obstime=Time(header.times_jd, format="jd"), location=SITE.location()))
        vectors = seen.cartesian.xyz.value.T
    return vectors / np.linalg.norm(vectors, axis=1)[:, None]


def paths(vectors: np.ndarray, header: Uvh5Header) -> np.ndarray:
    """How much nearer antenna 2 is than antenna 1 towards a direction, m, of each row."""
    baselines = header.antenna_positions_m[header.ant2] - header.antenna_positions_m[header.ant1]
    return np.einsum("ri,ri->r", baselines, vectors)


def overhead(header: Uvh5Header) -> np.ndarray:
    """Unit vector towards the meridian at the pointing's declination (ITRF axes)."""
    dec, lon = header.drift_app_dec_rad, header.longitude_rad - header.drift_hour_angle_rad
    vector = np.array([np.cos(dec) * np.cos(lon), np.cos(dec) * np.sin(lon), np.sin(dec)])
    return np.broadcast_to(vector, (len(header.times_jd), 3))


@given(east=st.floats(-0.02, 0.02), north=st.floats(-0.02, 0.02))
@settings(deadline=None, max_examples=15)
def test_a_source_anywhere_in_the_beam_comes_to_phase_zero(east, north):
    """The correlator tracks the meridian: its residual phase is the path beyond that direction's."""
    centre = PhaseCentre("source", MERIDIAN.ra_rad + east, MERIDIAN.dec_rad + north)
    phasing = phase(DRIFT, DSA, centre)
    residual = paths(directions(centre.as_field(), DRIFT), DRIFT) - paths(overhead(DRIFT), DRIFT)
    wavelength = SPEED_OF_LIGHT / 1.5e9
    visibility = np.exp(2j * np.pi * residual / wavelength)
    rotated = visibility * np.exp(-2j * np.pi * phasing.delay_m / wavelength)
    # 0.01 rad is 0.3 mm of path; polar motion and the like are in both
    np.testing.assert_allclose(np.angle(rotated), 0, atol=0.01)
    np.testing.assert_allclose(phasing.delay_m, residual, atol=3e-4)


def test_another_source_in_the_beam_does_not():
    phasing = phase(DRIFT, DSA, MERIDIAN)
    other = Field(0, "other", "sidereal", MERIDIAN.ra_rad + 0.01, MERIDIAN.dec_rad, "icrs", 2000.0)
    residual = paths(directions(other, DRIFT), DRIFT) - paths(overhead(DRIFT), DRIFT)
    assert np.abs(residual - phasing.delay_m).max() > 1.0


def test_uvw_are_the_projection_on_the_centres_east_and_north():
    """u and v by finite differences of the path: what (u, v, w) mean, not how they are computed."""
    phasing = phase(DRIFT, DSA, MERIDIAN)
    centre, step = MERIDIAN.as_field(), 1e-5

    def path(d_ra: float, d_dec: float) -> np.ndarray:
        moved = replace(centre, lon=centre.lon + d_ra / np.cos(centre.lat), lat=centre.lat + d_dec)
        return paths(directions(moved, DRIFT), DRIFT)

    np.testing.assert_allclose(phasing.uvw_m[:, 2], path(0, 0), atol=3e-4)
    np.testing.assert_allclose(phasing.uvw_m[:, 0], (path(step, 0) - path(-step, 0)) / (2 * step), atol=0.2)
    np.testing.assert_allclose(phasing.uvw_m[:, 1], (path(0, step) - path(0, -step)) / (2 * step), atol=0.2)


def test_the_zeniths_data_have_had_no_delay_taken_out():
    unprojected = replace(DRIFT, fields=(ZENITH,), drift_app_dec_rad=None)
    phasing = phase(unprojected, UNPROJECTED, MERIDIAN)
    np.testing.assert_allclose(phasing.delay_m, phasing.uvw_m[:, 2])
    np.testing.assert_allclose(phasing.uvw_m, phase(DRIFT, DSA, MERIDIAN).uvw_m)


def test_autocorrelations_stay_as_they_are():
    phasing = phase(DRIFT, DSA, MERIDIAN)
    autos = DRIFT.ant1 == DRIFT.ant2
    assert not phasing.delay_m[autos].any()
    assert not phasing.uvw_m[autos].any()


def test_at_mid_time_the_midpoint_needs_no_rotation():
    middle = DRIFT.times_jd == np.median(DRIFT.times_jd)
    assert np.abs(phase(DRIFT, DSA, None).delay_m[middle]).max() < 1e-6
    assert np.abs(phase(DRIFT, DSA, None).delay_m[~middle]).max() > 1e-3


@pytest.mark.parametrize("hour_angle", [-0.3, 0.02])
def test_the_midpoint_of_a_pointing_off_the_meridian_is_there(hour_angle):
    turned = replace(DRIFT, drift_hour_angle_rad=hour_angle)
    # a pointing in the west (positive hour angle) has the smaller right ascension
    away = np.angle(np.exp(1j * (MERIDIAN.ra_rad - midpoint_centre(turned).ra_rad)))
    assert away == pytest.approx(hour_angle, abs=2e-3)
    middle = DRIFT.times_jd == np.median(DRIFT.times_jd)
    assert np.abs(phase(turned, DSA, None).delay_m[middle]).max() < 1e-6


def test_a_pointing_that_is_not_in_the_header_needs_a_centre():
    blind = replace(DRIFT, fields=(ZENITH,), drift_app_dec_rad=None)
    with pytest.raises(UnsuitablePhase, match="pointing declination is not in the header") as caught:
        phase(blind, UNPROJECTED, None)
    assert caught.value.remedy == "give a phase centre"


def tracked(**changes) -> Uvh5Header:
    fields = (sidereal(3, "one"), sidereal(5, "two", lon=1.52, lat=0.8))
    made = headers.header(fields=fields, drift_app_dec_rad=None, **changes)
    ids = np.where(np.arange(len(made.times_jd)) % 2, 3, 5)
    return replace(made, field_ids=ids, uvw_m=np.random.default_rng(3).normal(0, 100, (len(ids), 3)))


def test_phased_data_keep_their_fields_phases_and_the_files_uvw():
    header = tracked()
    phasing = phase(header, VLA, None)
    assert phasing.delay_m is None
    assert phasing.fields == header.fields
    assert phasing.field_rows.tolist() == [1, 0] * (len(header.field_ids) // 2)
    np.testing.assert_array_equal(phasing.uvw_m, header.uvw_m)


def test_uvw_of_phased_data_can_be_computed_each_row_for_its_own_field():
    header = tracked()
    uvw = phase(header, FROM_ANTENNAS, None).uvw_m
    for field in header.fields:
        rows = header.field_ids == field.identifier
        np.testing.assert_allclose(uvw[rows, 2], paths(directions(field, header), header)[rows], atol=3e-4)
    baselines = header.antenna_positions_m[header.ant2] - header.antenna_positions_m[header.ant1]
    np.testing.assert_allclose(np.linalg.norm(uvw, axis=1), np.linalg.norm(baselines, axis=1))


def test_phased_data_go_to_another_centre_by_the_difference_of_the_paths():
    header = tracked()
    centre = PhaseCentre("new", 1.5, 0.85)
    phasing = phase(header, VLA, centre)
    expected = paths(directions(centre.as_field(), header), header) - uvw_of_fields(header)[:, 2]
    np.testing.assert_allclose(phasing.delay_m, expected, atol=3e-4)
    assert set(phasing.field_rows.tolist()) == {0}


def test_a_phased_group_sent_to_where_it_is_stays_as_it_is():
    header = headers.header(fields=(sidereal(),), drift_app_dec_rad=None)
    phasing = phase(header, VLA, PhaseCentre("same", sidereal().lon, sidereal().lat))
    np.testing.assert_allclose(phasing.delay_m, 0, atol=1e-9)


# ------------------------------------------------------------------------------ a meridian an integration


def test_fringe_stopped_data_keep_their_phases_when_each_integration_has_its_own_meridian():
    phasing = phase(DRIFT, EACH_MERIDIAN)
    assert phasing.delay_m is None
    assert [field.name for field in phasing.fields] == [f"meridian_icrs_t{number}" for number in range(3)]
    times = np.unique(DRIFT.times_jd)
    np.testing.assert_array_equal(times[phasing.field_rows], DRIFT.times_jd)


@pytest.mark.parametrize("hour_angle", [0.0, -0.3])
def test_each_meridians_uvw_and_direction_are_those_of_a_centre_there(hour_angle):
    turned = replace(DRIFT, drift_hour_angle_rad=hour_angle)
    phasing = phase(turned, EACH_MERIDIAN)
    for field in phasing.fields:
        rows = phasing.field_rows == field.identifier
        alone = phase(turned, DSA, PhaseCentre(field.name, field.lon, field.lat))
        np.testing.assert_allclose(phasing.uvw_m[rows], alone.uvw_m[rows], rtol=0, atol=1e-6)
        # phased to its own meridian an integration needs no rotation: 1e-6 m are 3e-5 rad
        np.testing.assert_allclose(alone.delay_m[rows], 0, atol=1e-6)
    np.testing.assert_allclose(phasing.uvw_m[:, 2], paths(overhead(turned), turned), atol=1e-9)


def test_meridians_move_with_the_sky_and_the_middle_one_is_the_midpoint():
    fields = phase(DRIFT, EACH_MERIDIAN).fields
    steps = np.diff([field.lon for field in fields])
    # sidereal time runs 1.00274 times as fast as UTC
    expected = 1.00273791 * headers.INTEGRATION_S * 2 * np.pi / 86400
    np.testing.assert_allclose(steps, expected, rtol=1e-3)
    assert (fields[1].lon, fields[1].lat) == pytest.approx((MERIDIAN.ra_rad, MERIDIAN.dec_rad), abs=1e-9)


def test_unprojected_data_are_rotated_to_each_meridian():
    unprojected = replace(DRIFT, fields=(ZENITH,))
    phasing = phase(unprojected, EACH_MERIDIAN.converting(input_phase="zenith"))
    np.testing.assert_allclose(phasing.uvw_m, phase(DRIFT, EACH_MERIDIAN).uvw_m)
    np.testing.assert_allclose(phasing.delay_m, phasing.uvw_m[:, 2])


# ------------------------------------------------------------------------------ who decides


def test_a_named_centre_counts_before_any_policy():
    for policy in ("midpoint", "meridian", "header", "calibrator"):
        phasing = phase(DRIFT, DSA.converting(phase_centre=policy), MERIDIAN)
        assert [field.name for field in phasing.fields] == ["meridian"]


def test_without_a_calibrator_the_policy_for_one_is_the_midpoint():
    assert phase(DRIFT, DSA).fields == phase(DRIFT, DSA.converting(phase_centre="midpoint")).fields


def test_the_fields_of_a_drift_scan_cannot_be_kept():
    with pytest.raises(UnsuitablePhase, match="no direction on the sky"):
        phase(DRIFT, DSA.converting(phase_centre="header"))


HEADERS = {
    "meridian": DRIFT,
    "zenith": replace(DRIFT, fields=(ZENITH,)),
    "phased": tracked(),
}


@pytest.mark.parametrize("expected", HEADERS)
@pytest.mark.parametrize("found", HEADERS)
def test_the_header_has_to_confirm_what_the_profile_expects(expected, found):
    profile = DSA.converting(input_phase=expected)
    if expected == found:
        assert phase(HEADERS[found], profile, MERIDIAN).delay_m is not None
        return
    with pytest.raises(UnsuitablePhase, match="does not suit profile dsa110") as caught:
        phase(HEADERS[found], profile, MERIDIAN)
    assert f"input_phase = {expected}" in str(caught.value.expected)


@given(order=st.permutations(range(4)))
@settings(deadline=None, max_examples=10)
def test_antennas_are_found_by_number_in_whatever_order_the_header_lists_them(order):
    listed = list(order)
    shuffled = replace(
        DRIFT,
        antenna_numbers=DRIFT.antenna_numbers[listed],
        antenna_positions_m=DRIFT.antenna_positions_m[listed],
    )
    np.testing.assert_array_equal(phase(shuffled, DSA, MERIDIAN).uvw_m, phase(DRIFT, DSA, MERIDIAN).uvw_m)


def test_a_centre_survives_json_to_the_last_bit():
    centre = PhaseCentre("3C147", 85.650574650 / 57.3, 0.1 + 0.2)
    assert PhaseCentre.from_json(centre.as_json()) == centre
