"""The correlator: waves and noise through gains to the visibilities of one subband."""

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.simulation.uvh5.draws import Purpose, stream
from dsa_hcal_assets.simulation.uvh5.instrument import add_noise
from dsa_hcal_assets.simulation.uvh5.observation import POLARIZATIONS, Observation, Wave

SPEED_OF_LIGHT = 299792458.0
Visibilities = NDArray[np.complex64]


def correlate(observation: Observation, subband: int) -> Visibilities:
    """Return the visibilities of a subband, shape (times * baselines, channels, polarisations).

    An autocorrelation is the receiver's power (the SEFD) and that of all waves. Baselines of dead
    antennas are zero. Waves are taken at the middle of integration and channel: neither smears.
    The values depend on seed, group and subband alone.
    """
    setup, instrument, array = observation.setup, observation.instrument, observation.instrument.array
    channels = slice(subband * setup.channels, (subband + 1) * setup.channels)
    first, second, silent = array.first, array.second, array.silent
    autos = first == second
    mean = instrument.gains.mean[:, :, channels].transpose(0, 2, 1)
    product = (mean[first] * mean[second].conj()).astype(np.complex64)
    drift = instrument.gains.drift(observation.seconds)
    turned = (drift[:, first] * drift[:, second].conj()).astype(np.complex64)
    rng = stream(setup.seed, Purpose.NOISE, observation.group, subband)
    cube = np.empty((setup.integrations, len(first), setup.channels, len(POLARIZATIONS)), np.complex64)
    for time, seen in enumerate(cube):
        sky = _sky(observation.waves, time, channels, instrument.frequencies_hz[channels], len(array.used))
        # both polarisations see unpolarised waves alike
        seen[:] = sky[:, first, second].T[:, :, None]
        seen[autos] += np.float32(instrument.sefd_jy)
        if setup.noise:
            add_noise(rng, seen, instrument.sigma_jy, autos)
        seen *= product
        seen *= turned[time][:, None]
        seen[autos] = seen[autos].real
        seen[silent] = 0
    return cube.reshape(-1, *cube.shape[2:])


def _sky(
    waves: tuple[Wave, ...],
    time: int,
    channels: slice,
    frequencies_hz: NDArray[np.float64],
    antennas: int,
) -> Visibilities:
    """Return the sum of all waves in one integration, shape (channels, antennas, antennas), Jy.

    A wave is one complex amplitude per antenna and channel; a visibility is the product of two,
    summed over waves: one small matrix product for each channel.
    """
    heard = [wave for wave in waves if wave.flux_jy[time, channels].any()]
    if not heard:
        return np.zeros((len(frequencies_hz), antennas, antennas), np.complex64)
    delays = np.stack([wave.delay_m[time] for wave in heard], axis=-1)
    turns = frequencies_hz[:, None, None] / SPEED_OF_LIGHT * delays
    # whole turns are taken off in double precision; the rest is exact enough in single
    angle = (2 * np.pi * (turns - np.rint(turns))).astype(np.float32)
    amplitude = np.sqrt(np.stack([wave.flux_jy[time, channels] for wave in heard], axis=-1))
    phasor = np.empty(angle.shape, np.complex64)
    np.cos(angle, out=phasor.real)
    np.sin(angle, out=phasor.imag)
    phasor *= amplitude[:, None, :].astype(np.float32)
    sky: Visibilities = phasor.conj() @ phasor.transpose(0, 2, 1)
    return sky
