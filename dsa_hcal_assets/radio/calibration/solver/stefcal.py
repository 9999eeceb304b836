"""Antenna gains by alternating least squares (StefCal).

Salvini and Wijnholds 2014, A&A 571, A97: with all other gains held, the gain of one antenna is a
linear least squares problem; every second iterate is averaged with the one before.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

MOST_ITERATIONS = 3000  # four antennas of very unequal gains take hundreds, twenty take about 25
TOLERANCE = 1e-8
THREADS = 2


@dataclass(frozen=True)
class Gains:
    """Gains of all antennas, each array of shape (n_antenna, n_solution).

    `values` is NaN where an antenna has no solution; `information` is the curvature of chi-squared
    with respect to a gain (sum of w |M g_j|^2), the inverse of its variance in units of the noise.
    """

    values: NDArray[np.complex128]
    information: NDArray[np.float64]


def solve(
    products: NDArray[np.complex128],
    power: NDArray[np.float64],
    pairs: NDArray[np.int64],
    antennas: int,
    *,
    phase_only: bool = False,
    fewest_baselines: int = 1,
) -> Gains:
    """Solve V_ij = g_i conj(g_j) M_ij for the gains, each solution on its own.

    Parameters
    ----------
    products
        Sum of w V conj(M) of each baseline, shape (n_baseline, n_solution).
    power
        Sum of w |M|^2, same shape; zero where there are no data.
    pairs
        Indices of the two antennas of each baseline, shape (n_baseline, 2).
    antennas
        Number of antennas.
    phase_only
        Amplitudes are one.
    fewest_baselines
        An antenna with fewer baselines with data gets no solution.
    """
    count = products.shape[1]
    values = np.full((antennas, count), np.nan + 0j)
    information = np.zeros((antennas, count))
    pieces = np.array_split(np.arange(count), THREADS)
    with ThreadPoolExecutor(THREADS) as pool:
        jobs = [
            pool.submit(
                _solve, products, power, pairs, piece, phase_only, fewest_baselines, values, information
            )
            for piece in pieces
        ]
        for job in jobs:
            job.result()
    return Gains(values, information)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _solve(
    products: NDArray[np.complex128],
    power: NDArray[np.float64],
    pairs: NDArray[np.int64],
    which: NDArray[np.int64],
    phase_only: bool,
    fewest: int,
    values: NDArray[np.complex128],
    information: NDArray[np.float64],
) -> None:
    antennas = values.shape[0]
    matrix = np.zeros((antennas, antennas), np.complex128)
    weight = np.zeros((antennas, antennas), np.float64)
    for solution in which:
        matrix[:] = 0
        weight[:] = 0
        for baseline in range(pairs.shape[0]):
            i, j = pairs[baseline]
            if i != j:
                value = products[baseline, solution]
                matrix[i, j], matrix[j, i] = value, np.conj(value)
                weight[i, j] = weight[j, i] = power[baseline, solution]
        alive = _alive(weight, fewest)
        if not alive.any():
            continue
        gains = _iterate(matrix, weight, alive, phase_only)
        for i in range(antennas):
            if alive[i]:
                values[i, solution] = gains[i]
                total = 0.0
                for j in range(antennas):
                    total += weight[i, j] * (gains[j].real ** 2 + gains[j].imag ** 2)
                information[i, solution] = total


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _alive(weight: NDArray[np.float64], fewest: int) -> NDArray[np.bool_]:
    """Antennas with enough baselines among themselves; the others' weights become zero."""
    antennas = weight.shape[0]
    alive = np.ones(antennas, np.bool_)
    changed = True
    while changed:
        changed = False
        for i in range(antennas):
            if alive[i] and (weight[i] > 0).sum() < fewest:
                alive[i] = False
                weight[i, :] = 0
                weight[:, i] = 0
                changed = True
    return alive


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _iterate(
    matrix: NDArray[np.complex128], weight: NDArray[np.float64], alive: NDArray[np.bool_], phase_only: bool
) -> NDArray[np.complex128]:
    antennas = weight.shape[0]
    total = weight.sum()
    start = 1.0 if phase_only or total == 0 else np.sqrt(np.abs(matrix).sum() / total)
    # phases of the baselines to the antenna that has most data: from equal phases, few antennas may
    # end in a place that is best among its neighbours only
    best = np.argmax(weight.sum(axis=1))
    gains = np.zeros(antennas, np.complex128)
    for i in range(antennas):
        if alive[i]:
            length = abs(matrix[i, best])
            gains[i] = start * matrix[i, best] / length if length > 0 else start + 0j
    fresh = np.zeros(antennas, np.complex128)
    for iteration in range(MOST_ITERATIONS):
        for i in range(antennas):
            upper, lower = 0j, 0.0
            if alive[i]:
                for j in range(antennas):
                    upper += matrix[i, j] * gains[j]
                    lower += weight[i, j] * (gains[j].real ** 2 + gains[j].imag ** 2)
            if phase_only:
                lower = abs(upper)
            fresh[i] = upper / lower if lower > 0 else 0j
        change = (np.abs(fresh - gains) ** 2).sum()
        size = (np.abs(fresh) ** 2).sum()
        # phases alone swing about the solution, so each step is halved
        if phase_only or iteration % 2 == 0:
            for i in range(antennas):
                mean = (gains[i] + fresh[i]) / 2
                length = abs(mean)
                gains[i] = mean / length if phase_only and length > 0 else mean
        else:
            gains[:] = fresh
        if change <= TOLERANCE**2 * size:
            break
    return gains
