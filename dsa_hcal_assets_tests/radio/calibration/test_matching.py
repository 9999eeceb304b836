"""Which calibrator crosses the beam, and when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.radio.calibration.beam import DriftBeam, airy
from dsa_hcal_assets.radio.calibration.matching import Match, match_calibrator, transit_after
from dsa_hcal_assets.radio.calibration.standards import Calibrator, load_standards

LONGITUDE = -118.2830
NIGHT = datetime(2025, 6, 5, tzinfo=UTC)
SOURCES = {one.name: one for one in load_standards()}
MINUTE = timedelta(minutes=1)


def matches(start: datetime, end: datetime, dec: float, **options: float) -> list[Match]:
    return match_calibrator(start, end, dec, longitude_deg=LONGITUDE, dish_diameter_m=4.65, **options)  # type: ignore[arg-type]


def test_transit_agrees_with_astropy() -> None:
    from astropy.coordinates import EarthLocation, HADec, SkyCoord
    from astropy.time import Time
    from astropy.utils import iers

    transit, dec = transit_after(SOURCES["3C286"], NIGHT, LONGITUDE)
    place = EarthLocation.from_geodetic(LONGITUDE, 37.2334, 1188)
    with iers.conf.set_temp("auto_download", False):
        seen = SkyCoord(202.7845329, 30.5091550, unit="deg").transform_to(
            HADec(obstime=Time(transit.replace(tzinfo=None)), location=place)
        )
    assert abs(seen.ha.wrap_at("180d").deg) * 240 < 1.0  # s of time: UT1-UTC is left out
    assert seen.dec.deg == pytest.approx(dec, abs=1e-3)


@given(hours=st.floats(0, 24 * 300), name=st.sampled_from(sorted(SOURCES)))
@settings(max_examples=25, deadline=None)
def test_the_next_transit_lies_within_a_sidereal_day(hours: float, name: str) -> None:
    moment = NIGHT + timedelta(hours=hours)
    transit, _ = transit_after(SOURCES[name], moment, LONGITUDE)
    assert timedelta(0) <= transit - moment < timedelta(hours=23.94)


class TestMatch:
    transit, dec = transit_after(SOURCES["3C286"], NIGHT, LONGITUDE)

    def test_a_calibrator_that_transits_within_the_group_is_found(self) -> None:
        (found,) = matches(self.transit - 2 * MINUTE, self.transit + 3 * MINUTE, self.dec)
        assert found.calibrator.name == "3C286"
        assert found.transit == pytest.approx(self.transit, abs=timedelta(milliseconds=1))
        assert found.apparent_jy == pytest.approx(found.flux_jy)

    def test_one_that_transits_before_or_after_is_not(self) -> None:
        assert matches(self.transit + MINUTE, self.transit + 6 * MINUTE, self.dec) == []
        assert matches(self.transit - 6 * MINUTE, self.transit - MINUTE, self.dec) == []

    def test_the_beam_weights_it(self) -> None:
        (found,) = matches(self.transit - MINUTE, self.transit + MINUTE, self.dec + 0.9)
        assert found.separation_deg == pytest.approx(0.9, abs=1e-6)
        assert found.response == pytest.approx(float(airy(0.9, 1.405e9, 4.65)))
        assert found.apparent_jy < 0.8 * found.flux_jy

    def test_outside_the_radius_it_does_not_count(self) -> None:
        assert matches(self.transit - MINUTE, self.transit + MINUTE, self.dec + 1.1) == []

    def test_a_faint_one_does_not_count(self) -> None:
        assert matches(self.transit - MINUTE, self.transit + MINUTE, self.dec, min_flux_jy=20.0) == []

    def test_the_brightest_behind_the_beam_comes_first(self) -> None:
        near = Calibrator.of_power_law("near", 202.7, 30.5, 10.0, -0.7)
        bright = Calibrator.of_power_law("bright", 202.7, 29.7, 11.0, -0.7)
        found = match_calibrator(
            self.transit - 5 * MINUTE,
            self.transit + 5 * MINUTE,
            self.dec,
            longitude_deg=LONGITUDE,
            dish_diameter_m=4.65,
            calibrators=[bright, near],
        )
        assert [one.calibrator.name for one in found] == ["near", "bright"]

    def test_a_naive_time_is_refused(self) -> None:
        with pytest.raises(ValueError, match="naive"):
            matches(datetime(2025, 6, 5), datetime(2025, 6, 6), 30.0)


class TestBeam:
    def test_width_of_a_dsa_dish(self) -> None:
        """2.715 deg at 1.4 GHz: half of it is where the response is one half."""
        assert float(airy(2.715 / 2, 1.4e9, 4.65)) == pytest.approx(0.5, abs=0.002)
        assert float(airy(0.0, 1.4e9, 4.65)) == 1

    def test_a_drifting_beam_is_strongest_at_transit(self) -> None:
        import numpy as np

        transit, dec = transit_after(SOURCES["3C286"], NIGHT, LONGITUDE)
        seconds = (transit - datetime(1858, 11, 17, tzinfo=UTC)).total_seconds() + np.array([-150.0, 0, 150])
        share = DriftBeam(dec, LONGITUDE, 4.65).share(202.7845329, 30.509155, seconds, np.array([1.4e9]))[
            :, 0
        ]
        assert share[1] == pytest.approx(1, abs=1e-6)
        assert share[0] == pytest.approx(share[2], rel=1e-3)
        # 150 s at this declination are 0.54 deg
        assert share[0] == pytest.approx(float(airy(0.5407, 1.4e9, 4.65)), abs=1e-3)
