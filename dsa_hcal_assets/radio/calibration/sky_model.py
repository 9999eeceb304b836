"""A field's sources as the telescope sees them: where they are from the phase centre, how bright."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.calibration.beam import DriftBeam
from dsa_hcal_assets.radio.calibration.prediction import direction_cosines
from dsa_hcal_assets.radio.calibration.standards import Calibrator

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SkyModel:
    """Point sources of one field, seen through the beam of a telescope that drifts (None: through none).

    `centre_deg` is the phase centre, ICRS (ra, dec), deg.
    """

    centre_deg: tuple[float, float]
    sources: Sequence[Calibrator]
    beam: DriftBeam | None = None

    @property
    def cosines(self) -> Floats:
        """(l, m, n - 1) of each source, shape (n_source, 3)."""
        places = [direction_cosines(one.ra_deg, one.dec_deg, *self.centre_deg) for one in self.sources]
        return np.array(places)

    def apparent_jy(self, moments: Floats, frequency_hz: Floats) -> NDArray[np.float32]:
        """Return flux densities through the beam, Jy, shape (n_moment, n_source, n_channel).

        Parameters
        ----------
        moments
            UTC MJD seconds.
        frequency_hz
            Channels, Hz.
        """
        fluxes = []
        for source in self.sources:
            flux = np.array([source.flux_jy(value) for value in frequency_hz])
            if self.beam:
                flux = flux * self.beam.share(source.ra_deg, source.dec_deg, moments, frequency_hz)
            fluxes.append(np.broadcast_to(flux, (len(moments), len(frequency_hz))))
        return np.stack(fluxes, axis=1).astype(np.float32)
