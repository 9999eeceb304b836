"""Pixels of a cone: none is missing, wherever it is on the sky."""

import numpy as np
from astropy import units
from astropy.coordinates import SkyCoord
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.radio.catalogues.sky_pixels import CORNER_DEG, NSIDE, pixel_of, pixels_of_cone

PIXELS = 12 * NSIDE**2
RIM = np.linspace(0, 2 * np.pi, 60) * units.rad


@given(
    ra=st.floats(0, 360, exclude_max=True),
    dec=st.floats(-90, 90),
    exponent=st.floats(-5, 1.3),
)
@settings(max_examples=50)
@example(ra=0.0, dec=90.0, exponent=-3.0)
@example(ra=0.0, dec=0.0, exponent=-5.0)
# positions at which astropy-healpix by itself leaves a pixel out
@example(ra=90.0978852396455, dec=47.10843395994224, exponent=np.log10(0.0510))
@example(ra=262.1895604629612, dec=79.98519194245938, exponent=np.log10(0.0125))
def test_whatever_lies_in_a_cone_lies_in_one_of_its_pixels(ra: float, dec: float, exponent: float) -> None:
    radius = 10**exponent
    centre = SkyCoord(ra, dec, unit="deg")
    found = pixels_of_cone(ra, dec, radius)
    for share in (0.0, 0.5, 1 - 1e-12):
        rim = centre.directional_offset_by(RIM, radius * share * units.deg)
        assert np.isin(pixel_of(rim.ra.deg, rim.dec.deg), found).all()


def test_pixels_are_in_order_and_few() -> None:
    found = pixels_of_cone(10.0, 20.0, 2.0)
    assert (np.diff(found) > 0).all()
    area = 4 * np.pi * np.degrees(1) ** 2 / PIXELS
    assert len(found) * area < np.pi * (2 + 2 * CORNER_DEG) ** 2


def test_the_numbers_fit_the_column() -> None:
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(0, 360, 20_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 20_000)))
    pixels = pixel_of(ra, dec)
    assert pixels.min() >= 0
    assert pixels.max() < PIXELS == 786432
