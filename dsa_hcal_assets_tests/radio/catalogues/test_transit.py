"""Transits against another way to compute them: astropy's own azimuth and hour angle of a source."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from astropy.coordinates import AltAz, EarthLocation, HADec, SkyCoord
from astropy.time import Time
from astropy.utils import iers
from hypothesis import given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.radio.catalogues.transit import SIDEREAL_DAY, next_transits

LONGITUDE, LATITUDE = -118.283, 37.2334
PLACE = EarthLocation.from_geodetic(LONGITUDE, LATITUDE, 1188)
START = datetime(2025, 6, 5, tzinfo=UTC)
moments = st.floats(0, 365 * 10).map(lambda days: datetime(2016, 1, 1, tzinfo=UTC) + timedelta(days=days))


@pytest.fixture(scope="module", autouse=True)
def orientation():  # type: ignore[no-untyped-def]
    """The Earth orientation table that comes with astropy, for astropy's own frames too."""
    with iers.earth_orientation_table.set(iers.IERS_A.open(iers.IERS_A_FILE)):
        yield


@given(moment=moments, ra=st.floats(0, 360, exclude_max=True), dec=st.floats(-52, 89))
@settings(max_examples=25)
def test_at_the_transit_astropys_hour_angle_is_zero(moment: datetime, ra: float, dec: float) -> None:
    (transit,), (declination,) = next_transits([ra], [dec], moment, LONGITUDE)
    seen = SkyCoord(ra, dec, unit="deg").transform_to(
        HADec(obstime=Time(transit, scale="utc"), location=PLACE)
    )
    # on the sky: diurnal aberration is 0.3 arcsec and polar motion less, and the pole magnifies hours
    east = seen.ha.wrap_at("180d").deg * 3600 * np.cos(np.radians(dec))
    assert abs(east) < 1.0
    assert seen.dec.deg == pytest.approx(float(declination), abs=1.0 / 3600)


def test_a_source_south_of_the_zenith_stands_in_the_south() -> None:
    (transit,), _ = next_transits([202.78453], [30.50916], START, LONGITUDE)
    seen = SkyCoord(202.78453, 30.50916, unit="deg").transform_to(
        AltAz(obstime=Time(transit, scale="utc"), location=PLACE)
    )
    # 83 deg high, an arcsecond across is 8 of azimuth
    assert seen.az.deg == pytest.approx(180, abs=10 / 3600)


@given(moment=moments, ra=st.floats(0, 360, exclude_max=True))
@settings(max_examples=25)
def test_transits_follow_each_other_by_a_sidereal_day(moment: datetime, ra: float) -> None:
    (first,), _ = next_transits([ra], [16.0], moment, LONGITUDE)
    assert timedelta(0) <= first - moment < SIDEREAL_DAY + timedelta(seconds=1)
    (second,), _ = next_transits([ra], [16.0], first + timedelta(seconds=1), LONGITUDE)
    assert second - first == pytest.approx(SIDEREAL_DAY, abs=timedelta(seconds=0.3))


def test_many_at_once_are_those_one_by_one() -> None:
    ra, dec = np.linspace(0, 359, 20), np.linspace(-40, 80, 20)
    together, declinations = next_transits(ra, dec, START, LONGITUDE)
    for number in range(20):
        (alone,), (declination,) = next_transits(ra[number], dec[number], START, LONGITUDE)
        assert together[number] == pytest.approx(alone, abs=timedelta(microseconds=10))
        assert declinations[number] == pytest.approx(declination)


def test_none_asked_for_is_none() -> None:
    times, declinations = next_transits([], [], START, LONGITUDE)
    assert times == []
    assert len(declinations) == 0


@pytest.mark.filterwarnings("ignore:.*IERS")
def test_times_far_ahead_are_good_to_a_second() -> None:
    """The table ends some months ahead; then UT1 is taken as UTC."""
    ahead = datetime(2028, 3, 1, tzinfo=UTC)
    (transit,), _ = next_transits([100.0], [16.0], ahead, LONGITUDE)
    seen = SkyCoord(100.0, 16.0, unit="deg").transform_to(
        HADec(obstime=Time(transit, scale="utc"), location=PLACE)
    )
    assert abs(seen.ha.wrap_at("180d").deg) * 240 < 1.0
