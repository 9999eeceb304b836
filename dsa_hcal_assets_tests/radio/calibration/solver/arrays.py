"""Normal equations of an array with injected gains: what the solves must find again."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.calibration.solver.normal import NormalEquations

Complex = NDArray[np.complex128]
SOURCE_JY = 20.0


@dataclass(frozen=True)
class Injected:
    """Gains as bandpass (antenna, channel, feed) and course (interval, antenna, feed), and their data."""

    bandpass: Complex
    course: Complex
    equations: NormalEquations


def complex_noise(rng: np.random.Generator, *shape: int) -> Complex:
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)) / np.sqrt(2)


def injected(
    antennas: int = 8, channels: int = 16, intervals: int = 4, *, noise_jy: float = 0.0, seed: int = 1
) -> Injected:
    """A point source of 20 Jy, 12 integrations of 5 s an interval; `noise_jy` of one complex visibility."""
    rng = np.random.default_rng(seed)
    bandpass = (1 + 0.3 * rng.random((antennas, channels, 2))) * np.exp(
        2j * np.pi * rng.random((antennas, 1, 2)) + 0.1j * rng.normal(size=(antennas, channels, 2))
    )
    course = (1 + 0.02 * rng.normal(size=(intervals, antennas, 2))) * np.exp(
        0.2j * rng.normal(size=(intervals, antennas, 2))
    )
    pairs = np.array([(i, j) for i in range(antennas) for j in range(i + 1, antennas)])
    gains = bandpass[None] * course[:, :, None]
    truth = gains[:, pairs[:, 0]] * np.conj(gains[:, pairs[:, 1]])
    samples = 12
    power = np.full(truth.shape, samples * SOURCE_JY**2)
    noise = noise_jy * SOURCE_JY * np.sqrt(samples) * complex_noise(rng, *truth.shape)
    equations = NormalEquations(
        spectral_window=0,
        antennas=np.arange(antennas) * 2,
        pairs=pairs,
        times=5e9 + 60.0 * np.arange(intervals),
        lengths=np.full(intervals, 60.0),
        frequency_hz=1.3e9 + 2.5e5 * np.arange(channels),
        products=(truth * power + noise).astype(np.complex64),
        power=power.astype(np.float32),
    )
    return Injected(bandpass, course, equations)


def referred(values: Complex, antenna: int, axis: int) -> Complex:
    """Phases relative to those of one antenna."""
    at = np.take(values, [antenna], axis=axis)
    return np.asarray(values * np.conj(at) / np.abs(at))
