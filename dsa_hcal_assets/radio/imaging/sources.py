"""Point sources in an image, brightest first."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dsa_hcal_assets.radio.imaging.measurements import (
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
        _take_away(left, fit, ra, dec)
    return sorted(found, key=lambda one: one.apparent_jy, reverse=True)


def _take_away(left: Plane, fit: SourceFit, ra_deg: float, dec_deg: float) -> None:
    """Subtract a source, and blank the pixels about the peak it was found by; changes the values."""
    left.add_beam(*left.pixel_of(fit.ra_deg, fit.dec_deg), -fit.peak_jy)
    px, py = left.pixel_of(ra_deg, dec_deg)
    reach = left.beam_deg[0] / left.cell_deg
    rows, columns = left.around(px, py, reach)
    y, x = np.mgrid[rows, columns]
    left.values[rows, columns][np.hypot(x - px, y - py) <= reach] = np.nan
