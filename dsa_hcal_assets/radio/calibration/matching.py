"""Which calibrator crosses a drift scan's beam: transit and position match, ranked by brightness."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.radio.calibration.beam import airy
from dsa_hcal_assets.radio.calibration.standards import Calibrator, load_standards, separation_deg

# One turn of the sky, s (IERS Conventions 2010, table 1.1: 86164.0989 s)
SIDEREAL_DAY = timedelta(seconds=86164.0989)


@dataclass(frozen=True)
class Match:
    """A calibrator that transits while a group is observed.

    Attributes
    ----------
    calibrator
        The source.
    transit
        When it crosses the meridian, UTC.
    separation_deg
        Its distance from the pointing at transit (the difference of declinations), deg.
    response
        Primary beam at that distance, 0 to 1.
    flux_jy, apparent_jy
        Flux density at the frequency asked for, before and after the primary beam, Jy.
    """

    calibrator: Calibrator
    transit: datetime
    separation_deg: float
    response: float
    flux_jy: float
    apparent_jy: float


def match_calibrator(
    start: datetime,
    end: datetime,
    pointing_dec_deg: float,
    *,
    longitude_deg: float,
    dish_diameter_m: float,
    radius_deg: float = 1.0,
    top: int = 3,
    min_flux_jy: float = 1.0,
    frequency_hz: float = 1.405e9,
    calibrators: Sequence[Calibrator] | None = None,
) -> list[Match]:
    """Return the calibrators that transit between `start` and `end` near the pointing, best first.

    Rank is flux density times beam response at transit.

    Parameters
    ----------
    start, end
        First and last moment of the group (aware).
    pointing_dec_deg
        Declination the telescope points to on the meridian (apparent, as in file headers), deg.
    longitude_deg
        East longitude of the telescope, deg.
    dish_diameter_m
        For the beam response, m.
    radius_deg
        Largest difference between the calibrator's declination and the pointing, deg.
    top
        Number of matches kept.
    min_flux_jy
        Faintest flux density considered, Jy.
    frequency_hz
        Where flux and beam are evaluated, Hz.
    calibrators
        Sources to choose from (default: the standard calibrators).
    """
    found = []
    for source in load_standards() if calibrators is None else calibrators:
        flux = source.flux_jy(frequency_hz)
        if flux < min_flux_jy or abs(source.dec_deg - pointing_dec_deg) > radius_deg + 0.5:
            continue
        transit, dec = transit_after(source, start, longitude_deg)
        if transit > require_utc(end) or abs(dec - pointing_dec_deg) > radius_deg:
            continue
        offset = separation_deg(0.0, dec, 0.0, pointing_dec_deg)
        response = float(airy(offset, frequency_hz, dish_diameter_m))
        found.append(Match(source, transit, offset, response, flux, flux * response))
    return sorted(found, key=lambda match: match.apparent_jy, reverse=True)[:top]


def transit_after(source: Calibrator, moment: datetime, longitude_deg: float) -> tuple[datetime, float]:
    """Return when `source` next crosses the meridian after `moment`, and its apparent declination (deg).

    Apparent place from ERFA (IAU 2006/2000A), without polar motion and UT1-UTC (below 1 s).
    """
    import erfa
    from astropy.time import Time

    moment = require_utc(moment)
    guess = moment
    declination = source.dec_deg
    for _ in range(3):
        time = Time(guess, scale="utc")
        ra, dec, eo = erfa.atci13(
            np.radians(source.ra_deg), np.radians(source.dec_deg), 0, 0, 0, 0, time.tt.jd1, time.tt.jd2
        )
        angle = erfa.era00(time.utc.jd1, time.utc.jd2) + np.radians(longitude_deg)
        hour_angle = float(np.angle(np.exp(1j * (angle - ra))))
        guess -= SIDEREAL_DAY * (hour_angle / (2 * np.pi))
        declination = float(np.degrees(dec))
        del eo  # right ascension is referred to the celestial intermediate origin, like the ERA
    while guess < moment:
        guess += SIDEREAL_DAY
    while guess - SIDEREAL_DAY >= moment:
        guess -= SIDEREAL_DAY
    return guess, declination
