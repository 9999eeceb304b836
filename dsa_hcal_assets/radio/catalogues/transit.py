"""When a source crosses the meridian: apparent right ascension equals apparent sidereal time."""

from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsa_hcal_assets.clock import require_utc

if TYPE_CHECKING:
    from astropy.time import Time
    from astropy.utils.iers import IERS_A

# One turn of the sky, s (IERS Conventions 2010, table 1.1: 86164.0989 s)
SIDEREAL_DAY = timedelta(seconds=86164.0989)
# Each step leaves what the apparent place moves meanwhile: far below a millisecond after the second.
_STEPS = 3


def apparent_place(
    ra_deg: ArrayLike, dec_deg: ArrayLike, time: "Time"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return right ascension (true equinox of date) and declination, both deg, of ICRS positions.

    Annual aberration, light deflection by the Sun, precession and nutation (IAU 2006/2000A) by ERFA;
    no proper motion, no diurnal aberration (0.3 arcsec).

    Parameters
    ----------
    ra_deg, dec_deg, time
        Positions (deg) and moments of one shape.
    """
    import erfa

    tt = time.tt
    ra, dec, origins = erfa.atci13(np.radians(ra_deg), np.radians(dec_deg), 0, 0, 0, 0, tt.jd1, tt.jd2)
    return np.degrees(ra - origins) % 360.0, np.degrees(dec)


def sidereal_time(time: "Time", longitude_deg: float) -> NDArray[np.float64]:
    """Return the local apparent sidereal time, deg.

    UT1 from the Earth orientation table that comes with astropy (no download); before and after it
    UT1 is taken as UTC, which is wrong by less than 0.9 s.

    Parameters
    ----------
    time
        Moments.
    longitude_deg
        East longitude, deg.
    """
    from astropy import units

    time = time.utc.replicate()  # the caller's own keeps its UT1
    time.delta_ut1_utc, _ = _earth_orientation().ut1_utc(time, return_status=True)
    local = time.sidereal_time("apparent", longitude=longitude_deg * units.deg)
    return np.asarray(local.deg, dtype=np.float64)


def next_transits(
    ra_deg: ArrayLike, dec_deg: ArrayLike, moment: datetime, longitude_deg: float
) -> tuple[list[datetime], NDArray[np.float64]]:
    """Return when each source next crosses the meridian, and its apparent declination then (deg).

    Parameters
    ----------
    ra_deg, dec_deg
        ICRS positions, shape (n,), deg.
    moment
        Transits at or after this (aware).
    longitude_deg
        East longitude, deg.

    Returns
    -------
    tuple
        n UTC times, and declinations of shape (n,).
    """
    from astropy import units
    from astropy.time import Time

    moment = require_utc(moment)
    ra, dec = np.atleast_1d(ra_deg).astype(float), np.atleast_1d(dec_deg).astype(float)
    if not len(ra):
        return [], dec
    start = Time(moment, scale="utc")
    day = SIDEREAL_DAY.total_seconds()
    seconds = np.zeros(ra.shape)
    declination = dec
    for step in range(_STEPS):
        time = start + seconds * units.s
        apparent, declination = apparent_place(ra, dec, time)
        ahead = (apparent - sidereal_time(time, longitude_deg)) / 360.0
        # the first step looks forward, the others mend what it left, to either side
        seconds = seconds + day * (ahead % 1.0 if step == 0 else (ahead + 0.5) % 1.0 - 0.5)
    seconds = np.where(seconds < 0, seconds + day, seconds)
    return [moment + timedelta(seconds=float(one)) for one in seconds], declination


@cache
def _earth_orientation() -> "IERS_A":
    from astropy.utils import iers

    return iers.IERS_A.open(iers.IERS_A_FILE)
