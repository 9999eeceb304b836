"""What antennas and correlator do to the sky: gains, bandpasses, delays, drifts and noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.simulation.uvh5.array import Array
from dsa_hcal_assets.simulation.uvh5.draws import Purpose, stream
from dsa_hcal_assets.simulation.uvh5.setup import INTEGRATION_S, GroupSetup

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
POLARIZATIONS = ("xx", "yy")

# largest change of phase over half a group of 309 s, and of amplitude over a long time
DRIFT_RAD, DRIFT_SPAN_S = np.radians(10.0), 154.6
AMPLITUDE_DRIFT = 0.02
PERIODS_S = (5400.0, 14400.0)


@dataclass(frozen=True)
class Gains:
    """Complex gains g with ``V = g_1 conj(g_2) V_sky`` in pyuvdata's convention.

    CASA's tables hold the complex conjugate: a Measurement Set's DATA is the conjugate of UVH5's
    visibility. The correlator's scale is part of g, so that V_sky is in Jy.

    `mean` has shape (antennas, polarisations, channels) and holds in the middle of group 0. From
    there, phase and amplitude follow slow sines of hours, each of shape (antennas, polarisations):
    ``amount * (sin(2 pi t / period + phase) - sin(phase))``.
    """

    mean: Complexes
    phase_rad: Floats
    amplitude: Floats
    period_s: Floats
    start_rad: Floats

    def drift(self, seconds: Floats) -> Complexes:
        """Return gains over their `mean`, shape (times, antennas, polarisations), at s from mid-group 0."""
        angle = 2 * np.pi * np.asarray(seconds)[:, None, None] / self.period_s + self.start_rad
        wave = np.sin(angle) - np.sin(self.start_rad)
        factor: Complexes = (1 + self.amplitude * wave) * np.exp(1j * self.phase_rad * wave)
        return factor


def draw_gains(
    rng: np.random.Generator,
    antennas: int,
    polarizations: int,
    frequencies_hz: Floats,
    correlator_scale: float,
) -> Gains:
    """Draw gains of amplitude 1 +- 0.1, any phase, smooth bandpass, delays of 5 ns, and slow drifts.

    Phases drift by up to 10 deg in half a group, amplitudes by up to 4 % in hours. The median of
    abs(g)^2 is `correlator_scale`.
    """
    shape = (antennas, polarizations)
    amplitude = np.clip(rng.normal(1.0, 0.1, shape), 0.5, 1.5)
    phase = rng.uniform(-np.pi, np.pi, shape)
    delay_s = rng.normal(0.0, 5e-9, shape)
    middle = float(frequencies_hz.mean())
    x = 2 * (frequencies_hz - middle) / max(float(np.ptp(frequencies_hz)), 1.0)
    bandpass = (
        1
        + 0.10 * np.clip(rng.normal(size=(*shape, 1)), -2, 2) * np.cos(1.5 * np.pi * x)
        + 0.05 * np.clip(rng.normal(size=(*shape, 1)), -2, 2) * np.sin(4.0 * np.pi * x)
    )
    slope = np.exp(2j * np.pi * delay_s[:, :, None] * (frequencies_hz - middle))
    mean = (amplitude * np.exp(1j * phase))[:, :, None] * bandpass * slope
    mean *= np.sqrt(correlator_scale) / np.median(np.abs(mean))
    period = rng.uniform(*PERIODS_S, shape)
    # the steepest part of the sine turns by DRIFT_RAD in DRIFT_SPAN_S
    steepest = DRIFT_RAD * period / (2 * np.pi * DRIFT_SPAN_S)
    return Gains(
        mean,
        rng.uniform(-1, 1, shape) * steepest,
        rng.uniform(-1, 1, shape) * AMPLITUDE_DRIFT,
        period,
        rng.uniform(-np.pi, np.pi, shape),
    )


def noise_sigma_jy(sefd_jy: float, channel_width_hz: float, integration_s: float) -> float:
    """Return the noise of the real (or imaginary) part of one cross-correlation, Jy.

    SEFD / sqrt(2 bandwidth time): Thompson, Moran & Swenson (2017), eq. 6.50. An autocorrelation is
    real and its noise sqrt(2) larger, SEFD / sqrt(bandwidth time): the radiometer equation.
    """
    return float(sefd_jy / np.sqrt(2 * channel_width_hz * integration_s))


def add_noise(
    rng: np.random.Generator, visibilities: NDArray[np.complex64], sigma: float, autos: NDArray[np.bool_]
) -> None:
    """Add thermal noise in place to (baselines, ...) visibilities; autocorrelations stay real."""
    parts = rng.standard_normal((*visibilities.shape, 2), dtype=np.float32)
    parts *= np.float32(sigma)
    noise = parts.view(np.complex64)[..., 0]
    noise[autos] = np.float32(np.sqrt(2)) * noise[autos].real
    visibilities += noise


@dataclass(frozen=True)
class Instrument:
    """What is the same for all groups of a run."""

    array: Array
    frequencies_hz: Floats
    channel_width_hz: float
    gains: Gains
    sigma_jy: float
    sefd_jy: float
    dish_diameter_m: float

    @classmethod
    def of(cls, profile: Profile, setup: GroupSetup) -> "Instrument":
        """Draw the instrument of a run.

        Raises
        ------
        ConfigurationError
            If the profile has no stations, not as many as asked for, or no band.
        """
        stations, band = profile.stations, profile.subbands.band_hz
        if stations is None or band is None:
            raise ConfigurationError(f"profile {profile.name} has no stations or no band to simulate")
        array = Array.choose(stations, setup.antennas, setup.dead_antennas, setup.seed)
        channels = profile.subbands.count * setup.channels
        width = (band[1] - band[0]) / channels
        # sb00 is the highest, and channels descend inside a subband too
        frequencies = np.asarray(band[1] - width * (np.arange(channels) + 0.5), np.float64)
        gains = draw_gains(
            stream(setup.seed, Purpose.GAINS),
            len(array.used),
            len(POLARIZATIONS),
            frequencies,
            setup.correlator_scale,
        )
        sigma = noise_sigma_jy(profile.sefd_jy, width, INTEGRATION_S) if setup.noise else 0.0
        return cls(array, frequencies, width, gains, sigma, profile.sefd_jy, profile.dish_diameter_m)
