"""(u, v, w) and apparent places against cases one can do by hand, and against ERFA called directly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.radio.conversion import geometry
from dsa_hcal_assets.radio.conversion.errors import NoEarthOrientation
from dsa_hcal_assets.radio.conversion.geometry import ApparentPlace, Site, antenna_uvw
from dsa_hcal_assets_tests.radio.conversion.headers import SITE, START_JD, sidereal

LATITUDE, LONGITUDE = SITE.latitude_rad, SITE.longitude_rad
# directions over the site in ITRF axes
EAST = np.array([-np.sin(LONGITUDE), np.cos(LONGITUDE), 0])
UP = np.array([np.cos(LATITUDE) * np.cos(LONGITUDE), np.cos(LATITUDE) * np.sin(LONGITUDE), np.sin(LATITUDE)])
NORTH = np.cross(UP, EAST)
LST = 1.7
angles = st.floats(-np.pi, np.pi)
declinations = st.floats(-1.5, 1.5)
positions = st.tuples(*[st.floats(-2000, 2000)] * 3)


def seen(position, declination: float, hour_angle: float = 0.0, frame_pa: float = 0.0):
    """(u, v, w) of one position towards an hour angle and declination."""
    place = ApparentPlace(np.array([LST - hour_angle]), np.array([declination]), np.array([frame_pa]))
    return antenna_uvw(np.array([position], np.float64), place, np.array([LST]), LONGITUDE)[0, 0]


def towards(declination: float, hour_angle: float):
    """Unit vector of a direction in ITRF axes, from spherical trigonometry alone."""
    east = -np.cos(declination) * np.sin(hour_angle)
    north = np.sin(declination) * np.cos(LATITUDE) - np.cos(declination) * np.cos(hour_angle) * np.sin(
        LATITUDE
    )
    up = np.sin(declination) * np.sin(LATITUDE) + np.cos(declination) * np.cos(hour_angle) * np.cos(LATITUDE)
    return east * EAST + north * NORTH + up * UP


def test_at_the_zenith_u_v_w_are_east_north_and_up():
    for number, axis in enumerate((EAST, NORTH, UP)):
        np.testing.assert_allclose(seen(100 * axis, LATITUDE), 100 * np.eye(3)[number], atol=1e-10)


@given(declination=declinations)
def test_on_the_meridian_an_east_west_baseline_is_all_u(declination):
    np.testing.assert_allclose(seen(1000 * EAST, declination), [1000, 0, 0], atol=1e-9)


@given(declination=declinations)
def test_on_the_meridian_a_north_south_baseline_is_foreshortened_by_the_zenith_distance(declination):
    u, v, w = seen(1000 * NORTH, declination)
    zenith_distance = declination - LATITUDE
    assert (u, v) == pytest.approx((0, 1000 * np.cos(zenith_distance)), abs=1e-9)
    assert w == pytest.approx(1000 * np.sin(zenith_distance), abs=1e-9)


def test_a_source_in_the_east_is_nearer_to_the_eastern_antenna():
    # six hours before its transit, on the equator: on the eastern horizon
    u, v, w = seen(1000 * EAST, 0.0, hour_angle=-np.pi / 2)
    assert w == pytest.approx(1000)
    assert (u, v) == pytest.approx((0, 0), abs=1e-9)


@given(hour_angle=angles)
def test_at_the_pole_uv_turn_once_a_day_and_w_stands_still(hour_angle):
    pole = np.array([0, 0, 1.0])
    u, v, w = seen(700 * EAST + 50 * pole, np.pi / 2, hour_angle)
    assert complex(u, v) == pytest.approx(700 * np.exp(1j * hour_angle), abs=1e-9)
    assert w == pytest.approx(50)


@given(position=positions, declination=declinations, hour_angle=angles)
def test_w_is_the_path_towards_the_source(position, declination, hour_angle):
    w = seen(position, declination, hour_angle)[2]
    assert w == pytest.approx(np.dot(position, towards(declination, hour_angle)), abs=1e-8)


@given(position=positions, declination=declinations, hour_angle=angles, turn=angles)
def test_lengths_do_not_depend_on_the_direction(position, declination, hour_angle, turn):
    length = np.linalg.norm(seen(position, declination, hour_angle, turn))
    assert length == pytest.approx(np.linalg.norm(position), abs=1e-8)


@given(position=positions, declination=declinations, hour_angle=angles, turn=angles)
def test_the_frames_position_angle_turns_u_and_v_and_leaves_w(position, declination, hour_angle, turn):
    u, v, w = seen(position, declination, hour_angle)
    turned = seen(position, declination, hour_angle, turn)
    assert complex(*turned[:2]) == pytest.approx(complex(u, v) * np.exp(1j * turn), abs=1e-8)
    assert turned[2] == pytest.approx(w, abs=1e-8)


@given(position=positions, shift=positions, declination=declinations, hour_angle=angles)
def test_only_differences_of_positions_matter(position, shift, declination, hour_angle):
    both = np.add(position, shift)
    difference = seen(both, declination, hour_angle) - seen(shift, declination, hour_angle)
    np.testing.assert_allclose(difference, seen(position, declination, hour_angle), atol=1e-8)


def test_times_and_antennas_are_the_first_two_axes():
    count = np.arange(4.0)
    place = ApparentPlace(0.1 * count, 0.2 + 0.1 * count, 0 * count)
    array = np.random.default_rng(2).normal(0, 100, (5, 3))
    uvw = antenna_uvw(array, place, LST + count, LONGITUDE)
    assert uvw.shape == (4, 5, 3)
    for t in range(4):
        one = ApparentPlace(place.ra[t : t + 1], place.dec[t : t + 1], place.frame_pa[t : t + 1])
        np.testing.assert_array_equal(uvw[t], antenna_uvw(array, one, LST + count[t : t + 1], LONGITUDE)[0])


# ------------------------------------------------------------------------------ places on the sky


def erfa_hadec(ra: float, dec: float, jd: float) -> tuple[float, float]:
    """Hour angle and declination of an ICRS direction over the site: ERFA's atco13, without air."""
    import erfa
    from astropy.utils import iers

    table = iers.earth_orientation_table.get()
    dut1 = float(table.ut1_utc(jd, 0.0).to_value("s"))
    xp, yp = (float(value.to_value("rad")) for value in table.pm_xy(jd, 0.0))
    site = (LONGITUDE, LATITUDE, SITE.altitude_m)
    _, _, ha, observed, _, _ = erfa.atco13(ra, dec, 0, 0, 0, 0, jd, 0, dut1, *site, xp, yp, 0, 0, 0, 0.2)
    return float(ha), float(observed)


@pytest.mark.parametrize("days", [-4000, -800, 0, 100])
def test_apparent_places_agree_with_erfa_to_a_tenth_of_an_arcsecond(days):
    times = START_JD + days + np.array([0.0, 0.3, 0.6])
    field = sidereal(lon=1.4948, lat=0.87)
    with geometry.earth_orientation(times):
        lst = geometry.sidereal_time(times, SITE)
        place = geometry.apparent_place(field, times, lst, SITE)
        for time, sidereal_time, ra, dec in zip(times, lst, place.ra, place.dec, strict=True):
            ha, expected = erfa_hadec(field.lon, field.lat, time)
            # diurnal aberration (0.3 arcsec) is in one and polar motion in both
            assert np.angle(np.exp(1j * (sidereal_time - ra - ha))) * np.cos(dec) == pytest.approx(
                0, abs=2e-6
            )
            assert dec == pytest.approx(expected, abs=2e-6)


@given(declination=st.floats(-0.8, 1.5), hour_angle=st.floats(-0.5, 0.5), days=st.floats(-3000, 100))
@settings(deadline=None, max_examples=15)
def test_the_direction_over_the_meridian_comes_back_to_where_it_was(declination, hour_angle, days):
    times = np.array([START_JD + days])
    with geometry.earth_orientation(times):
        ra, dec = geometry.meridian_icrs(declination, hour_angle, times, SITE)
        lst = geometry.sidereal_time(times, SITE)
        place = geometry.apparent_place(sidereal(lon=ra[0], lat=dec[0]), times, lst, SITE)
        there = geometry.apparent_meridian(declination, hour_angle, times, lst, SITE)
    assert place.frame_pa[0] == pytest.approx(there.frame_pa[0], abs=1e-8)
    assert place.dec[0] == pytest.approx(declination, abs=1e-8)
    away = np.angle(np.exp(1j * (lst[0] - place.ra[0] - hour_angle))) * np.cos(declination)
    assert away == pytest.approx(0, abs=1e-8)


def test_the_sidereal_time_gains_a_turn_in_a_sidereal_day():
    times = START_JD + np.array([0.0, 0.99726956633])
    with geometry.earth_orientation(times):
        first, second = geometry.sidereal_time(times, SITE)
    assert np.angle(np.exp(1j * (second - first))) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("jd", [2400000.5 + 40000, 2488000.0])
def test_a_time_outside_the_iers_table_is_refused_before_anything_is_computed(jd):
    with (
        pytest.raises(NoEarthOrientation, match="astropy-iers-data"),
        geometry.earth_orientation(np.array([jd])),
    ):
        pytest.fail("the block was entered")


def test_one_time_outside_is_enough():
    with pytest.raises(NoEarthOrientation), geometry.earth_orientation(np.array([START_JD, 2488000.0])):
        pytest.fail("the block was entered")


@pytest.mark.parametrize("latitude", [0.0, np.pi / 2, -0.5])
def test_a_site_is_a_point_on_the_ellipsoid(latitude):
    x, y, z = Site(latitude, 0.0, 0.0).itrf_m()
    # equatorial and polar radius of WGS84
    assert (np.hypot(x, y) / 6378137.0) ** 2 + (z / 6356752.3142) ** 2 == pytest.approx(1, abs=1e-9)
    assert y == pytest.approx(0, abs=1e-6)
