"""Primary beam of a dish."""

from dataclasses import dataclass

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


@dataclass(frozen=True)
class DriftBeam:
    """The beam of a transit telescope: it stands on the meridian while sources pass.

    Attributes
    ----------
    declination_deg
        Apparent declination pointed to, deg.
    longitude_deg
        East longitude, deg.
    diameter_m
        Diameter whose Airy disk is the beam, m.
    """

    declination_deg: float
    longitude_deg: float
    diameter_m: float

    def share(
        self, ra_deg: float, dec_deg: float, times_s: NDArray[np.float64], frequency_hz: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the response towards an ICRS position, shape (n_time, n_channel).

        Parameters
        ----------
        ra_deg, dec_deg
            Position, deg.
        times_s
            UTC MJD seconds, shape (n_time,).
        frequency_hz
            Shape (n_channel,), Hz.
        """
        import erfa
        from astropy.time import Time

        moments, inverse = np.unique(times_s, return_inverse=True)
        time = Time(moments / 86400.0, format="mjd", scale="utc")
        ra, dec, _ = erfa.atci13(
            np.radians(ra_deg), np.radians(dec_deg), 0, 0, 0, 0, time.tt.jd1, time.tt.jd2
        )
        hour_angle = erfa.era00(time.utc.jd1, time.utc.jd2) + np.radians(self.longitude_deg) - ra
        pointing = np.radians(self.declination_deg)
        # half the chord keeps full precision at small distances
        chord = np.sqrt(
            np.sin((dec - pointing) / 2) ** 2 + np.cos(dec) * np.cos(pointing) * np.sin(hour_angle / 2) ** 2
        )
        distance = np.degrees(2 * np.arcsin(np.clip(chord, 0, 1)))
        return airy(distance[:, None], frequency_hz[None, :], self.diameter_m)[inverse]
