"""Which calibrator crosses a drift scan's beam: transit and position match, ranked by brightness."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.radio.calibration.beam import airy
from dsa_hcal_assets.radio.calibration.standards import Calibrator, load_standards
from dsa_hcal_assets.radio.catalogues.transit import next_transits

# Apparent declinations leave those of J2000 by up to a third of a degree in fifty years: no source
# further from the match radius than this is worth computing.
_PRECESSION_DEG = 0.5


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
    sources = load_standards() if calibrators is None else calibrators
    end, frame = require_utc(end), radius_deg + _PRECESSION_DEG
    near = [source for source in sources if abs(source.dec_deg - pointing_dec_deg) <= frame]
    transits, declinations = next_transits(
        [one.ra_deg for one in near], [one.dec_deg for one in near], start, longitude_deg
    )
    found = []
    for source, transit, declination in zip(near, transits, declinations, strict=True):
        offset, flux = abs(float(declination) - pointing_dec_deg), source.flux_jy(frequency_hz)
        if transit <= end and offset <= radius_deg and flux >= min_flux_jy:
            response = float(airy(offset, frequency_hz, dish_diameter_m))
            found.append(Match(source, transit, offset, response, flux, flux * response))
    return sorted(found, key=lambda match: match.apparent_jy, reverse=True)[:top]


def transit_after(source: Calibrator, moment: datetime, longitude_deg: float) -> tuple[datetime, float]:
    """Return when `source` next crosses the meridian after `moment`, and its apparent declination (deg)."""
    transits, declinations = next_transits(source.ra_deg, source.dec_deg, moment, longitude_deg)
    return transits[0], float(declinations[0])
