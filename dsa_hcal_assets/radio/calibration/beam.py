"""Primary beam of a dish."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

SPEED_OF_LIGHT = 299_792_458.0


def airy(separation_deg: ArrayLike, frequency_hz: ArrayLike, diameter_m: float) -> NDArray[np.float64]:
    """Return the power response of a uniformly illuminated dish: (2 J1(x) / x)^2.

    With x = pi D sin(theta) / lambda; full width at half maximum 1.029 lambda / D (2.715 deg for
    4.65 m at 1.4 GHz).

    Parameters
    ----------
    separation_deg
        Angle from the beam's centre, deg; broadcast against `frequency_hz`.
    frequency_hz
        Frequency, Hz.
    diameter_m
        Dish diameter, m.
    """
    from scipy.special import j1

    theta = np.radians(np.asarray(separation_deg, dtype=np.float64))
    x = np.pi * diameter_m * np.sin(theta) * np.asarray(frequency_hz, dtype=np.float64) / SPEED_OF_LIGHT
    small = np.abs(x) < 1e-6
    safe = np.where(small, 1.0, x)
    return np.asarray(np.where(small, 1.0, (2.0 * j1(safe) / safe) ** 2))
