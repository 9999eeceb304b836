"""How a tower's gain responds to temperature and bias.

At a fixed bias the gain of a SiPM falls with temperature, because its breakdown voltage rises: near
the reference temperature as ``1 - k (T - Tref)``. At a fixed temperature it is proportional to the
overvoltage. Both are relative changes, and first order in them suffices: a few deg C, tenths of a volt.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.hcal.mapping.geometry import towers
from dsa_hcal_assets.settings.corrections import CorrectionSettings

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Response:
    """Coefficients of the towers; arrays float64[3072] in order of `tower_id`.

    Parameters
    ----------
    coefficient, coefficient_error
        Relative loss of gain a deg C, and its uncertainty for a single tower.
    reference_temperature
        deg C.
    overvoltage, overvoltage_error
        Bias above breakdown, V.
    """

    coefficient: Floats
    coefficient_error: Floats
    reference_temperature: Floats
    overvoltage: float
    overvoltage_error: float

    def above_reference(self, temperature: Floats) -> Floats:
        """Return by how much temperatures exceed the reference, deg C."""
        return temperature - self.reference_temperature

    def to_temperature(self, temperature: Floats) -> Floats:
        """Return the gain at a temperature relative to that at the reference temperature."""
        return 1 - self.coefficient * self.above_reference(temperature)

    def to_bias(self, change: Floats) -> Floats:
        """Return the gain after a change of bias (V) relative to that before."""
        return 1 + change / self.overvoltage


def response_of(settings: CorrectionSettings) -> Response:
    """Return the coefficients of all HCal towers: those of their detectors."""
    detector = towers().detector
    coefficient = np.array([settings.temperature_coefficient_ohcal, settings.temperature_coefficient_ihcal])
    reference = np.array([settings.reference_temperature_ohcal, settings.reference_temperature_ihcal])
    return Response(
        coefficient[detector],
        settings.coefficient_error * coefficient[detector],
        reference[detector],
        settings.overvoltage,
        settings.overvoltage_error,
    )
