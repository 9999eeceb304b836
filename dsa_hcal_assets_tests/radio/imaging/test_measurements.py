"""Measurements on images whose content is known."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.radio.calibration.standards import separation_deg
from dsa_hcal_assets.radio.imaging.imager import ImageParameters, ImageReport
from dsa_hcal_assets.radio.imaging.measurements import (
    KnownSource,
    compare,
    fit_source,
    noise_jy,
    peak,
    read_plane,
)
from dsa_hcal_assets.radio.imaging.primary_beam import write_beam
from dsa_hcal_assets.radio.imaging.provenance import stamp
from dsa_hcal_assets.radio.imaging.sources import find_sources
from dsa_hcal_assets.radio.imaging.thumbnail import write_thumbnail
from dsa_hcal_assets_tests.radio.imaging.skies import BEAM, CELL_DEG, CENTRE, standing, write_sky


class TestFit:
    @given(east=st.floats(-0.1, 0.1), north=st.floats(-0.1, 0.1), jy=st.floats(1e-3, 30), point=st.booleans())
    @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_a_point_source_anywhere_is_recovered(
        self, tmp_path_factory: pytest.TempPathFactory, east: float, north: float, jy: float, point: bool
    ) -> None:
        at = (CENTRE[0] + east / math.cos(math.radians(30)), CENTRE[1] + north)
        plane = read_plane(write_sky(tmp_path_factory.mktemp("sky") / "image.fits", [(*at, jy)]))
        fit = fit_source(plane, *at, point=point)
        assert fit is not None
        assert fit.flux_jy == pytest.approx(jy, rel=2e-3)
        assert separation_deg(fit.ra_deg, fit.dec_deg, *at) * 3600 < 0.05

    @pytest.mark.parametrize("rounding", [0.0, 1e-13, -1e-12, 1e-9])
    def test_the_middle_of_a_pixel_is_a_start_like_any_other(self, tmp_path: Path, rounding: float) -> None:
        """Sources are looked for from their brightest pixel, up to half a pixel off."""
        at = (CENTRE[0] + 0.4 * CELL_DEG / math.cos(math.radians(CENTRE[1])), CENTRE[1] - 0.3 * CELL_DEG)
        plane = read_plane(write_sky(tmp_path / "image.fits", [(*at, 1.0)]))
        x, y = (round(value) + rounding for value in plane.pixel_of(*at))
        ra, dec = (float(value) for value in plane.sky.wcs_pix2world(x, y, 0))
        fit = fit_source(plane, ra, dec)
        assert fit is not None
        assert separation_deg(fit.ra_deg, fit.dec_deg, *at) * 3600 < 0.01
        assert fit.flux_jy == pytest.approx(1, rel=1e-4)

    def test_a_displaced_source_shows_its_offset(self, tmp_path: Path) -> None:
        plane = read_plane(write_sky(tmp_path / "image.fits", [(*CENTRE, 1.0)]))
        (one,) = compare(plane, [KnownSource("A", CENTRE[0], CENTRE[1] + 5 / 3600, 2.0)])
        assert one.offset_arcsec == pytest.approx(5, abs=0.1)
        assert one.flux_ratio == pytest.approx(0.5, rel=1e-2)

    def test_a_source_off_the_image_is_left_out(self, tmp_path: Path) -> None:
        plane = read_plane(write_sky(tmp_path / "image.fits", [(*CENTRE, 1.0)]))
        assert compare(plane, [KnownSource("far", 160.0, 30.0, 1.0)]) == []


def test_noise_is_robust_against_sources(tmp_path: Path) -> None:
    plane = read_plane(write_sky(tmp_path / "image.fits", [(*CENTRE, 100.0)], noise=0.01))
    assert noise_jy(plane) == pytest.approx(0.01, rel=0.05)
    nowhere = np.zeros(plane.values.shape, dtype=np.float32)
    assert math.isnan(noise_jy(plane, nowhere))


def test_the_peak_is_the_brightest_source(tmp_path: Path) -> None:
    plane = read_plane(write_sky(tmp_path / "image.fits", [(*CENTRE, 1.0), (150.1, 30.1, 3.0)]))
    brightest, ra, dec = peak(plane)
    assert brightest == pytest.approx(3, rel=0.05)
    assert separation_deg(ra, dec, 150.1, 30.1) * 3600 < 6


class TestFindSources:
    def test_all_sources_come_out_brightest_first_with_their_true_flux(self, tmp_path: Path) -> None:
        sky = [(*CENTRE, 5.0), (150.1, 30.1, 0.3), (149.9, 29.95, 0.5), (150.05, 29.9, 0.1)]
        image = write_sky(tmp_path / "image.fits", sky, noise=0.001)
        residual = write_sky(tmp_path / "residual.fits", [], noise=0.001)
        beam = write_beam(image, standing(CENTRE, 5.0), 0.1)["pb"]
        found = find_sources(image, beam, residual)
        assert [round(one.apparent_jy, 1) for one in found] == [5.0, 0.5, 0.3, 0.1]
        assert all(one.jy >= one.apparent_jy for one in found)
        assert separation_deg(found[1].ra_deg, found[1].dec_deg, 149.9, 29.95) * 3600 < 0.5

    def test_noise_is_not_a_source(self, tmp_path: Path) -> None:
        image = write_sky(tmp_path / "image.fits", [], noise=0.001)
        beam = write_beam(image, standing(CENTRE, 5.0), 0.1)["pb"]
        assert find_sources(image, beam, image) == []


def test_provenance_is_readable_again(tmp_path: Path) -> None:
    from astropy.io import fits

    path = write_sky(tmp_path / "image.fits", [])
    parameters = ImageParameters(imsize=256, cell_arcsec=6)
    report = ImageReport("wsclean", "3.1.0", {}, tmp_path / "log")
    stamp(path, report, parameters, {"OBJECT": "N5921", "GROUP": "g", "channels": "4~6"})
    header = fits.getheader(path)
    assert (header["IMAGER"], header["IMAGVER"], header["OBJECT"]) == ("wsclean", "3.1.0", "N5921")
    history = "".join(str(header["HISTORY"]).split("\n"))
    assert "channels: 4~6" in history
    assert '"imsize":256' in history


def test_a_thumbnail_is_drawn(tmp_path: Path) -> None:
    plane = read_plane(write_sky(tmp_path / "image.fits", [(*CENTRE, 1.0)], noise=0.001))
    write_thumbnail(plane, 0.001, "sky", tmp_path / "image.png", [("A", *CENTRE)])
    assert (tmp_path / "image.png").read_bytes().startswith(b"\x89PNG")
    assert BEAM[0] > BEAM[1]
