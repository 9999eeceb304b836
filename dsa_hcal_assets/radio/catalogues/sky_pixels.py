"""The pixels of the sky that catalogue sources are found by: HEALPix, nside 256, nested, ICRS.

786432 pixels of 13.7 arcmin: a survey of two million sources has some three in each, a beam of some
degrees covers a few hundred. Nested ordering keeps neighbours near each other in table and index.
"""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from astropy_healpix import HEALPix

NSIDE = 256


@cache
def _grid() -> "HEALPix":
    from astropy_healpix import HEALPix

    return HEALPix(NSIDE, order="nested")


def pixel_of(ra_deg: ArrayLike, dec_deg: ArrayLike) -> NDArray[np.int64]:
    """Return the pixel each position lies in.

    Parameters
    ----------
    ra_deg, dec_deg
        Positions, deg, of one shape.
    """
    from astropy import units

    return np.asarray(_grid().lonlat_to_healpix(ra_deg * units.deg, dec_deg * units.deg), dtype=np.int64)


def pixels_of_cone(ra_deg: float, dec_deg: float, radius_deg: float) -> NDArray[np.int64]:
    """Return, in order, pixels that together cover all within `radius_deg` of a position (deg).

    astropy-healpix leaves out pixels of which a cone touches a corner (some 1 % of small cones). A cone
    wider by the largest distance of a corner from its centre has the centre of each pixel that counts.
    """
    from astropy import units

    found = _grid().cone_search_lonlat(
        ra_deg * units.deg, dec_deg * units.deg, (radius_deg + CORNER_DEG) * units.deg
    )
    return np.sort(np.asarray(found, dtype=np.int64))


def _corner_deg(nside: int) -> float:
    """Return the largest distance of a pixel's corner from its centre, deg.

    Of the pixel whose centre is at z = 2/3 (as max_pixrad of the HEALPix library).
    """
    z1, z2 = 2 / 3, 1 - (1 - 1 / nside) ** 2 / 3
    cosine = z1 * z2 + np.sqrt((1 - z1**2) * (1 - z2**2)) * np.cos(np.pi / (4 * nside))
    return float(np.degrees(np.arccos(cosine)))


CORNER_DEG = _corner_deg(NSIDE)
