"""The beam of an image: the mean over its moments and channels, against the formula itself."""

from pathlib import Path

import numpy as np
import pytest

from dsa_hcal_assets.radio.calibration.beam import DriftBeam, airy
from dsa_hcal_assets.radio.calibration.standards import Calibrator, separation_deg
from dsa_hcal_assets.radio.imaging.exposure import Exposure, drift_centres
from dsa_hcal_assets.radio.imaging.measurements import Plane, fit_source, read_plane
from dsa_hcal_assets.radio.imaging.primary_beam import beam_image, write_beam
from dsa_hcal_assets_tests.radio.imaging.skies import CENTRE, standing, write_sky

# UTC MJD seconds of 2025-06-05 04:30:01.529163, when 3C286 transits over OVRO
TRANSIT = 60831 * 86400 + 4 * 3600 + 30 * 60 + 1.529163
LONGITUDE = -118.2830
BAND = np.linspace(1.31e9, 1.50e9, 32)


@pytest.fixture
def plane(tmp_path: Path) -> Plane:
    return read_plane(write_sky(tmp_path / "image.fits", []))


@pytest.fixture
def drifting() -> Exposure:
    """Half an hour in which the beam crosses the test image, the later half of the band weighted higher."""
    times = TRANSIT - (202.78 - CENTRE[0]) / 360.9856 * 86400 + np.arange(-900.0, 901.0, 60.0)
    channels = np.linspace(1, 2, BAND.size)
    moments = np.linspace(2, 1, times.size)
    centres = drift_centres(times, 29.9, LONGITUDE)
    return Exposure(centres, moments / moments.sum(), BAND, channels / channels.sum(), 4.65)


def test_a_standing_beam_is_one_at_its_centre_and_falls_off_as_an_airy_disk(plane: Plane) -> None:
    beam = beam_image(plane.header, standing(CENTRE, 25.0))
    assert beam[128, 128] == pytest.approx(1, abs=1e-5)
    ra, dec = plane.sky.wcs_pix2world(30, 200, 0)
    assert beam[200, 30] == pytest.approx(
        float(airy(separation_deg(ra, dec, *CENTRE), 1.4e9, 25.0)), abs=1e-5
    )


def test_a_drifting_wide_band_beam_is_the_weighted_mean_of_airy_disks(
    plane: Plane, drifting: Exposure
) -> None:
    beam = beam_image(plane.header, drifting)
    for x, y in [(0, 0), (255, 10), (128, 128), (40, 222)]:
        ra, dec = plane.sky.wcs_pix2world(x, y, 0)
        truth = sum(
            moment * channel * float(airy(separation_deg(ra, dec, *centre), frequency, 4.65))
            for moment, centre in zip(drifting.moment_share, drifting.centres_deg, strict=True)
            for channel, frequency in zip(drifting.channel_share, BAND, strict=True)
        )
        assert beam[y, x] == pytest.approx(truth, abs=2e-5)


def test_an_apparent_flux_density_is_the_mean_of_spectrum_and_beam(drifting: Exposure) -> None:
    """Against the model that calibration predicts visibilities with, moment by moment."""
    source = Calibrator.of_power_law("A", CENTRE[0] + 1.0, 30.5, 2.0, -0.9)
    times = TRANSIT - (202.78 - CENTRE[0]) / 360.9856 * 86400 + np.arange(-900.0, 901.0, 60.0)
    share = DriftBeam(29.9, LONGITUDE, 4.65).share(source.ra_deg, source.dec_deg, times, BAND)
    flux = np.array([source.flux_jy(one) for one in BAND])
    truth = drifting.moment_share @ share @ (flux * drifting.channel_share)
    # differential aberration, which ICRS distances leave out, stretches angles by up to 1e-4
    assert drifting.apparent_jy(source) == pytest.approx(float(truth), rel=3e-4)


def test_correction_restores_the_flux_density(tmp_path: Path, plane: Plane) -> None:
    """A source attenuated by the beam comes out right; beyond the limit there is nothing."""
    at = (150.15, 30.1)
    exposure = standing(CENTRE, 25.0)
    response = beam_image(plane.header, exposure)
    x, y = plane.pixel_of(*at)
    image = write_sky(tmp_path / "seen.fits", [(*at, 2.0 * float(response[round(y), round(x)]))])
    corrected = read_plane(write_beam(image, exposure, 0.5)["image_pbcor"])
    fit = fit_source(corrected, *at)
    assert fit is not None
    assert fit.flux_jy == pytest.approx(2.0, rel=0.02)
    assert np.isnan(corrected.values[0, 0])


def test_a_drifting_beam_moves_by_the_turn_of_the_sky() -> None:
    centres = drift_centres(TRANSIT + np.array([0.0, 309.0]), 30.4, LONGITUDE)
    assert centres[1, 0] - centres[0, 0] == pytest.approx(309 * 360.9856 / 86400, rel=5e-3)
    # precession since J2000 moves the declination by some arc minutes
    assert (abs(centres[:, 1] - 30.4) < 0.2).all()


def test_it_points_where_3c286_transits() -> None:
    ((ra, dec),) = drift_centres(np.array([TRANSIT]), 30.37943759657783, LONGITUDE)
    assert separation_deg(ra, dec, 202.7845329, 30.5091550) * 3600 < 1
