"""The primary beam over an image: an Airy disk at each frequency, standing still or drifting with the sky."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.imaging.exposure import Exposure
from dsa_hcal_assets.radio.imaging.measurements import celestial

# the beam is computed on a grid this fine and interpolated by cubic splines: an error below 1e-5 for
# dishes up to 25 m at 1.4 GHz
GRID_DEG = 0.02
PROFILE_POINTS = 4096


def beam_image(header: Any, exposure: Exposure) -> NDArray[np.float32]:
    """Return the response of an image at each pixel, shape (ny, nx): its mean over the exposure's weights.

    Parameters
    ----------
    header
        FITS header with a celestial coordinate system.
    exposure
        What the image is a mean over.
    """
    from scipy.interpolate import RectBivariateSpline

    ny, nx = int(header["NAXIS2"]), int(header["NAXIS1"])
    y, x = (_knots(size, abs(float(header["CDELT2"]))) for size in (ny, nx))
    coarse = _response(celestial(header), *np.meshgrid(y, x, indexing="ij"), exposure)
    fine = RectBivariateSpline(y, x, coarse)(np.arange(ny), np.arange(nx))
    return np.asarray(fine, dtype=np.float32)


def write_beam(image: Path, exposure: Exposure, pblimit: float) -> dict[str, Path]:
    """Write ``pb.fits`` and ``image_pbcor.fits`` beside an image.

    The corrected image is NaN where the beam is below `pblimit`.
    """
    from astropy.io import fits

    with fits.open(image) as opened:
        header, data = opened[0].header.copy(), opened[0].data
        plane = np.asarray(data, dtype=np.float32).reshape(data.shape[-2:])
    beam = beam_image(header, exposure)
    corrected = np.where(beam >= max(pblimit, 1e-3), plane / np.maximum(beam, 1e-3), np.nan)
    made = {}
    for name, values in (("pb", beam), ("image_pbcor", corrected.astype(np.float32))):
        made[name] = image.with_name(f"{name}.fits")
        kept = header.copy()
        if name == "pb":
            kept["BUNIT"] = ""
        fits.writeto(made[name], values.reshape(data.shape), kept, overwrite=True)
    return made


def reference_frequency(header: Any) -> float:
    """Return the frequency of an image from its frequency axis, Hz."""
    for axis in range(1, int(header["NAXIS"]) + 1):
        if str(header.get(f"CTYPE{axis}", "")).startswith("FREQ"):
            return float(header[f"CRVAL{axis}"])
    return float(header.get("RESTFRQ", header.get("RESTFREQ", np.nan)))


def _knots(size: int, cell_deg: float) -> NDArray[np.float64]:
    return np.linspace(0, size - 1, max(4, int(np.ceil(size * cell_deg / GRID_DEG)) + 1))


def _response(
    sky: Any, y: NDArray[np.float64], x: NDArray[np.float64], exposure: Exposure
) -> NDArray[np.float64]:
    ra, dec = (np.radians(values) for values in sky.wcs_pix2world(x, y, 0))
    pixel = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    a, d = np.radians(exposure.centres_deg).T
    towards = np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=1)
    separations = [
        np.degrees(2 * np.arcsin(np.clip(np.sqrt(((pixel - one[:, None, None]) ** 2).sum(axis=0)) / 2, 0, 1)))
        for one in towards
    ]
    # the mean over channels depends on the distance alone
    distance = np.linspace(0, max(float(one.max()) for one in separations), PROFILE_POINTS)
    profile = exposure.profile(distance)
    total = np.zeros(y.shape)
    for share, one in zip(exposure.moment_share, separations, strict=True):
        total += share * np.interp(one, distance, profile)
    return total
