"""Synthetic FITS images of point sources for tests."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dsa_hcal_assets.radio.imaging.exposure import Exposure

CELL_DEG = 6 / 3600
SIDE = 256
CENTRE = (150.0, 30.0)
BEAM = (30 / 3600, 20 / 3600, 40.0)


def write_sky(
    path: Path, sources: Sequence[tuple[float, float, float]], noise: float = 0.0, seed: int = 1
) -> Path:
    """Write an image of (ra, dec, Jy) point sources convolved with `BEAM`, with Gaussian noise."""
    from astropy.io import fits
    from astropy.wcs import WCS

    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"], header["CTYPE3"] = "RA---SIN", "DEC--SIN", "FREQ"
    header["CRVAL1"], header["CRVAL2"], header["CRVAL3"] = *CENTRE, 1.4e9
    header["CRPIX1"] = header["CRPIX2"] = SIDE // 2 + 1
    header["CRPIX3"] = 1
    header["CDELT1"], header["CDELT2"], header["CDELT3"] = -CELL_DEG, CELL_DEG, 1e8
    header["CUNIT1"] = header["CUNIT2"] = "deg"
    header["BMAJ"], header["BMIN"], header["BPA"] = BEAM
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(float)
    values = np.random.default_rng(seed).normal(0, noise, (SIDE, SIDE)) if noise else np.zeros((SIDE, SIDE))
    angle = np.radians(BEAM[2])
    a, b = (axis / CELL_DEG / np.sqrt(8 * np.log(2)) for axis in BEAM[:2])
    for ra, dec, jy in sources:
        x0, y0 = WCS(header).celestial.wcs_world2pix(ra, dec, 0)
        along = -(x - x0) * np.sin(angle) + (y - y0) * np.cos(angle)
        across = (x - x0) * np.cos(angle) + (y - y0) * np.sin(angle)
        values += jy * np.exp(-0.5 * ((along / a) ** 2 + (across / b) ** 2))
    fits.writeto(path, values[None].astype(np.float32), header)
    return path


def standing(
    centre: tuple[float, float], diameter_m: float, frequency_hz: Sequence[float] = (1.4e9,)
) -> Exposure:
    """Return the exposure of a beam that follows the sky, all channels of equal weight."""
    channels = np.asarray(frequency_hz, dtype=float)
    shares = np.full(channels.size, 1 / channels.size)
    return Exposure(np.array([centre]), np.ones(1), channels, shares, diameter_m)
