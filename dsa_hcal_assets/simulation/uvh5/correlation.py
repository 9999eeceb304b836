"""The correlator: waves and noise through gains to the visibilities of one subband."""

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.simulation.uvh5.draws import Purpose, stream
from dsa_hcal_assets.simulation.uvh5.instrument import POLARIZATIONS, add_noise
from dsa_hcal_assets.simulation.uvh5.observation import Observation
from dsa_hcal_assets.simulation.uvh5.waves import superpose

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
        frequencies = instrument.frequencies_hz[channels]
        sky = superpose(observation.waves, time, channels, frequencies, first, second)
        # both polarisations see unpolarised waves alike
        seen[:] = sky[:, :, None]
        seen[autos] += np.float32(instrument.sefd_jy)
        if setup.noise:
            add_noise(rng, seen, instrument.sigma_jy, autos)
        seen *= product
        seen *= turned[time][:, None]
        seen[autos] = seen[autos].real
        seen[silent] = 0
    return cube.reshape(-1, *cube.shape[2:])
