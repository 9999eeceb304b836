"""Plane waves on the array, and the visibilities of all of them together."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsa_hcal_assets.simulation.uvh5.sky import SPEED_OF_LIGHT

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Wave:
    """A plane wave: delay (m; times, antennas) and received flux density (Jy; times, channels of the band).

    The delay is how much nearer an antenna is to the origin than the first one, less what the
    correlator has tracked.
    """

    delay_m: Floats
    flux_jy: Floats


def superpose(
    waves: tuple[Wave, ...],
    time: int,
    channels: slice,
    frequencies_hz: Floats,
    first: NDArray[np.intp],
    second: NDArray[np.intp],
) -> NDArray[np.complex64]:
    """Return the visibilities of all waves in integration `time`, shape (baselines, channels), Jy.

    A visibility is the sum over waves of ``flux exp(2 pi i (delay_2 - delay_1) f / c)``.
    `frequencies_hz` are those of `channels`; `first` and `second` are the antennas of the baselines.
    """
    visibilities = np.zeros((len(first), len(frequencies_hz)), np.complex64)
    heard = [wave for wave in waves if wave.flux_jy[time, channels].any()]
    if heard:
        delays = np.stack([wave.delay_m[time] for wave in heard])
        turns = delays[:, :, None] * (frequencies_hz / SPEED_OF_LIGHT)
        # whole turns are taken off in double precision; the rest is exact enough in single
        angle = (2 * np.pi * (turns - np.rint(turns))).astype(np.float32)
        amplitude = np.sqrt(np.stack([wave.flux_jy[time, channels] for wave in heard])).astype(np.float32)
        real, imag = amplitude[:, None] * np.cos(angle), amplitude[:, None] * np.sin(angle)
        _add_products(real, imag, first, second, visibilities.view(np.float32))
    return visibilities


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _add_products(
    real: NDArray[np.float32],
    imag: NDArray[np.float32],
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    sums: NDArray[np.float32],
) -> None:
    """Add ``conj(a_1) a_2`` of all waves to `sums` (baselines, real and imaginary by turns).

    `real` and `imag` have shape (waves, antennas, channels). A matrix product would do the same, but
    its threads fight with ours for the cores.
    """
    waves, _, channels = real.shape
    cosine, sine = np.empty(channels, np.float32), np.empty(channels, np.float32)
    for baseline in range(len(first)):
        one, two = first[baseline], second[baseline]
        cosine[:] = 0
        sine[:] = 0
        for wave in range(waves):
            for channel in range(channels):
                cosine[channel] += (
                    real[wave, one, channel] * real[wave, two, channel]
                    + imag[wave, one, channel] * imag[wave, two, channel]
                )
                sine[channel] += (
                    real[wave, one, channel] * imag[wave, two, channel]
                    - imag[wave, one, channel] * real[wave, two, channel]
                )
        for channel in range(channels):
            sums[baseline, 2 * channel] += cosine[channel]
            sums[baseline, 2 * channel + 1] += sine[channel]
