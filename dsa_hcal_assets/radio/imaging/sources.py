"""Point sources in an image, brightest first."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.imaging.measurements import (
    FWHM_TO_SIGMA,
    Plane,
    SourceFit,
    fit_source,
    noise_jy,
    peak,
    read_plane,
)
from dsa_hcal_assets.radio.imaging.primary_beam import reference_frequency

MOST_SOURCES = 40
# nothing fainter than this share of the brightest source: side lobes that cleaning left
FAINTEST_SHARE = 1 / 400


@dataclass(frozen=True)
class FoundSource:
    """A point source: ICRS (deg), flux density before the primary beam and as it appears, Jy."""

    ra_deg: float
    dec_deg: float
    jy: float
    apparent_jy: float
    frequency_hz: float


def find_sources(
    image: Path, beam: Path, residual: Path, *, sigma: float = 10.0, beam_floor: float = 0.1
) -> list[FoundSource]:
    """Return the point sources brighter than `sigma` times the noise, brightest first.

    Each is fitted as a point source and subtracted before the next is looked for.
    """
    plane, response = read_plane(image), read_plane(beam).values
    noise = noise_jy(read_plane(residual))
    values = np.where(response >= beam_floor, plane.values, np.nan)
    frequency = reference_frequency(plane.header)
    found: list[FoundSource] = []
    left = Plane(values, plane.header, plane.sky)
    while len(found) < MOST_SOURCES and np.isfinite(left.values).any():
        brightest, ra, dec = peak(left)
        limit = max(sigma * noise, FAINTEST_SHARE * (found[0].apparent_jy if found else 0.0))
        if brightest < limit:
            break
        fit = fit_source(left, ra, dec) or SourceFit(brightest, brightest, ra, dec)
        x, y = (round(value) for value in left.pixel_of(fit.ra_deg, fit.dec_deg))
        inside = 0 <= y < response.shape[0] and 0 <= x < response.shape[1]
        share = float(response[y, x]) if inside else float("nan")
        if share >= beam_floor and fit.peak_jy > 0.5 * limit:
            found.append(FoundSource(fit.ra_deg, fit.dec_deg, fit.peak_jy / share, fit.peak_jy, frequency))
        left = Plane(_without(left, fit, ra, dec), plane.header, plane.sky)
    return sorted(found, key=lambda one: one.apparent_jy, reverse=True)


def _without(plane: Plane, fit: SourceFit, ra_deg: float, dec_deg: float) -> NDArray[Any]:
    """Return the values without a source, and without the pixels about the peak it was found by."""
    major, minor, angle = plane.beam_deg
    x0, y0 = plane.pixel_of(fit.ra_deg, fit.dec_deg)
    y, x = np.indices(plane.values.shape)
    turn = np.radians(angle)
    along = -(x - x0) * np.sin(turn) + (y - y0) * np.cos(turn)
    across = (x - x0) * np.cos(turn) + (y - y0) * np.sin(turn)
    a, b = (axis / plane.cell_deg * FWHM_TO_SIGMA for axis in (major, minor))
    left = plane.values - fit.peak_jy * np.exp(-0.5 * ((along / a) ** 2 + (across / b) ** 2))
    px, py = plane.pixel_of(ra_deg, dec_deg)
    left[np.hypot(x - px, y - py) <= major / plane.cell_deg] = np.nan
    return np.asarray(left)
