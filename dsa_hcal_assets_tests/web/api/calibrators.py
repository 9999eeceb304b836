"""Calibrators in a beam, as matching finds them."""

from datetime import UTC, datetime

from dsa_hcal_assets.radio.calibration.matching import Match
from dsa_hcal_assets.radio.calibration.standards import Calibrator

TRANSIT = datetime(2025, 6, 5, 13, 2, tzinfo=UTC)


def match(name: str, response: float, transit: datetime = TRANSIT) -> Match:
    """Return a source of 10 Jy on the meridian, behind this response of the primary beam."""
    source = Calibrator.of_power_law(name, 202.78, 30.51, 10.0, -0.5, 1.405e9)
    return Match(source, transit, 0.4, response, 10.0, 10.0 * response)
