"""The other sources of a calibrator's beam, from a survey that is loaded."""

import numpy as np

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.radio.calibration.beam import airy
from dsa_hcal_assets.radio.calibration.standards import Calibrator
from dsa_hcal_assets.radio.catalogues.calibrators import field_sources
from dsa_hcal_assets.radio.catalogues.store import catalogues

# A flux density measured within this factor of the band's frequency can be carried over to it.
_NEAR = 1.5
# Sources this close to the calibrator are the calibrator: more than the beam of NVSS, 45 arcsec.
_ITSELF_DEG = 60 / 3600
# Faintest flux density behind the beam, and most sources: what is left is below a per mille of a calibrator.
FAINTEST_JY = 0.01
MOST = 60
# the primary beam is down to a few per cent at this many half widths
_HALF_WIDTHS = 1.6


def survey_near(database: Database, frequency_hz: float) -> str | None:
    """Return the name of the loaded survey whose frequency is nearest to `frequency_hz`, if one is near."""
    known = {
        one.name: abs(float(np.log(one.frequency_hz / frequency_hz)))
        for one in catalogues(database)
        if one.state == "current" and one.kind == "sources" and one.frequency_hz
    }
    near = [name for name, distance in known.items() if distance <= np.log(_NEAR)]
    return min(near, key=known.__getitem__, default=None)


def neighbours(
    database: Database, survey: str, source: Calibrator, dish_diameter_m: float, frequency_hz: float
) -> tuple[Calibrator, ...]:
    """Return the other sources in the beam around `source`, the brightest behind the beam first.

    Parameters
    ----------
    database, survey
        A loaded survey with flux densities.
    source
        In the middle of the beam.
    dish_diameter_m, frequency_hz
        For the primary beam: m, Hz.
    """
    half_width_deg = float(np.degrees(1.029 / 2 * 299_792_458.0 / frequency_hz / dish_diameter_m))
    radius = _HALF_WIDTHS * half_width_deg

    def apparent(one: Calibrator) -> float:
        distance = source.separation_deg(one.ra_deg, one.dec_deg)
        return one.flux_jy(frequency_hz) * float(airy(distance, frequency_hz, dish_diameter_m))

    found = [
        one
        for one in field_sources(database, survey, source.ra_deg, source.dec_deg, radius, FAINTEST_JY)
        if source.separation_deg(one.ra_deg, one.dec_deg) > _ITSELF_DEG and apparent(one) >= FAINTEST_JY
    ]
    return tuple(sorted(found, key=apparent, reverse=True)[:MOST])
