"""What antennas and correlator do to the sky: gains, bandpass, delays, drifts and noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]


@dataclass(frozen=True)
class Gains:
    """Complex gains g with ``V = g_1 conj(g_2) V_sky`` in pyuvdata's convention.

    CASA's tables hold the complex conjugate: a Measurement Set's DATA is the conjugate of UVH5's
    visibility. The correlator's scale is part of g, so that V_sky is in Jy.

    `mean` has shape (antennas, polarisations, channels) and holds at mid-time; `drift_rad`
    (antennas, polarisations) is the phase added linearly from -drift at the first to +drift at the
    last integration.
    """

    mean: Complexes
    drift_rad: Floats

    def at(self, phase: float) -> Complexes:
        """Return the gains at `phase`: -1 first integration, 0 mid-time, +1 last."""
        gains: Complexes = self.mean * np.exp(1j * self.drift_rad * phase)[:, :, None]
        return gains


def draw_gains(
    rng: np.random.Generator,
    antennas: int,
    polarizations: int,
    frequencies_hz: Floats,
    correlator_scale: float,
) -> Gains:
    """Draw gains of amplitude 1 +- 0.1, any phase, smooth bandpass, delays of 5 ns, drifts up to 10 deg."""
    shape = (antennas, polarizations)
    amplitude = np.clip(rng.normal(1.0, 0.1, shape), 0.5, 1.5)
    phase = rng.uniform(-np.pi, np.pi, shape)
    delay_s = rng.normal(0.0, 5e-9, shape)
    middle = float(frequencies_hz.mean())
    x = 2 * (frequencies_hz - middle) / np.ptp(frequencies_hz)
    bandpass = (
        1
        + 0.10 * np.clip(rng.normal(size=(*shape, 1)), -2, 2) * np.cos(1.5 * np.pi * x)
        + 0.05 * np.clip(rng.normal(size=(*shape, 1)), -2, 2) * np.sin(4.0 * np.pi * x)
    )
    slope = np.exp(2j * np.pi * delay_s[:, :, None] * (frequencies_hz - middle))
    mean = (amplitude * np.exp(1j * phase))[:, :, None] * bandpass * slope * np.sqrt(correlator_scale)
    return Gains(mean, rng.uniform(-1, 1, shape) * np.radians(10.0))


def noise_sigma_jy(sefd_jy: float, channel_width_hz: float, integration_s: float) -> float:
    """Return the noise of the real (or imaginary) part of one visibility, Jy.

    SEFD / sqrt(2 bandwidth time): Thompson, Moran & Swenson (2017), eq. 6.50.
    """
    return float(sefd_jy / np.sqrt(2 * channel_width_hz * integration_s))


def add_noise(
    rng: np.random.Generator, visibilities: NDArray[np.complex64], sigma: float, autos: NDArray[np.bool_]
) -> None:
    """Add thermal noise in place to (baselines, ...) visibilities; autocorrelations stay real."""
    parts = rng.standard_normal((*visibilities.shape, 2), dtype=np.float32) * np.float32(sigma)
    visibilities += parts.view(np.complex64)[..., 0]
    visibilities[autos] = visibilities[autos].real
