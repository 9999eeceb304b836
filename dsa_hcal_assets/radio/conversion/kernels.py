"""The inner loop of a conversion: stored chunks to rows of the Measurement Set, in one pass.

Importing this module compiles it, or loads it from numba's cache. The loop starts no threads and leaves
the interpreter free while it runs, so that a process may fork and threads may share the work.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

# rows in work at a time: with 48 channels of two polarisations they stay in a first-level cache
STRIPE_ROWS = 16
# bits of a float32 that are all set in infinities and NaNs only
EXPONENT = np.int32(0x7F800000)


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def phasors_of(
    delay: float,
    turns_per_m: NDArray[np.float64],
    step: float,
    real: NDArray[np.float32],
    imaginary: NDArray[np.float32],
) -> None:
    """Fill (`real`, `imaginary`) with exp(-2 pi i delay turns_per_m), one value a channel.

    `step` is the distance of evenly spaced `turns_per_m`: then the values follow from the first by
    recurrence, in float64, where its error grows by 2e-16 a channel. NaN: channels are not even.
    """
    turns = delay * turns_per_m[0]
    # whole turns removed in float64: 1e4 turns would cost float32 all of its phase
    angle = -2 * math.pi * (turns - math.floor(turns))
    if math.isnan(step):
        for channel in range(len(turns_per_m)):
            turns = delay * turns_per_m[channel]
            angle = -2 * math.pi * (turns - math.floor(turns))
            real[channel], imaginary[channel] = math.cos(angle), math.sin(angle)
        return
    a, b = math.cos(angle), math.sin(angle)
    angle = -2 * math.pi * (delay * step - math.floor(delay * step))
    c, d = math.cos(angle), math.sin(angle)
    for channel in range(len(turns_per_m)):
        real[channel], imaginary[channel] = a, b
        a, b = a * c - b * d, a * d + b * c


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _gather(
    values: NDArray[np.complex64],
    starts: NDArray[np.int64],
    skipped: int,
    rows: int,
    chunk: tuple[int, int],
    stripe: NDArray[np.complex64],
) -> None:
    """Put `rows` rows of the chunks beginning at `starts`, after `skipped` ones, side by side."""
    channels, polarizations = stripe.shape[1], stripe.shape[2]
    wide, deep = chunk
    for i in range(starts.shape[0]):
        for j in range(starts.shape[1]):
            here = min(wide, channels - i * wide)
            there = min(deep, polarizations - j * deep)
            begin = starts[i, j] + skipped * wide * deep
            for row in range(rows):
                for k in range(here):
                    for m in range(there):
                        stripe[row, i * wide + k, j * deep + m] = values[begin + (row * wide + k) * deep + m]


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _clear(data: NDArray[np.complex64], flags: NDArray[np.bool_], first: int, channels: int) -> int:
    """Zero and flag what is not finite in a row; return how many."""
    bad = 0
    for k in range(first, first + channels):
        for m in range(data.shape[1]):
            if not (math.isfinite(data[k, m].real) and math.isfinite(data[k, m].imag)):
                data[k, m] = 0
                flags[k, m] = True
                bad += 1
    return bad


@njit(
    "int64(complex64[::1], int64[:,:,::1], int64[::1], UniTuple(int64, 2), int64[::1], int64[:,::1], "
    "boolean[::1], float64[::1], float64[::1], float64, complex64[:,:,::1], boolean[:,:,::1], int64)",
    nogil=True,
    cache=True,
)  # type: ignore[untyped-decorator]
def place(
    values: NDArray[np.complex64],
    starts: NDArray[np.int64],
    edges: NDArray[np.int64],
    chunk: tuple[int, int],
    order: NDArray[np.int64],
    sources: NDArray[np.int64],
    swapped: NDArray[np.bool_],
    delays: NDArray[np.float64],
    turns_per_m: NDArray[np.float64],
    step: float,
    data: NDArray[np.complex64],
    flags: NDArray[np.bool_],
    first: int,
) -> int:
    """Phase and conjugate one subband's visibilities into their channels of `data`.

    Parameters
    ----------
    values
        Chunks as they are stored, one after another.
    starts
        (bands of rows, chunks of channels, chunks of polarisations): where in `values` each chunk's rows
        begin.
    edges
        Row of `data` at which each band begins, and after them the number of rows.
    chunk
        Channels and polarisations of a chunk; the last ones may reach over the edge.
    order
        File channel of each channel.
    sources
        (2, correlations): file polarisation of each correlation, in rows as they are and in swapped ones.
    swapped
        Rows that are not conjugated.
    delays
        Delay to take out of each row, m; of no length: nothing to take out.
    turns_per_m, step
        As in `phasors_of`.
    data, flags
        (rows, channels of the window, correlations), filled from channel `first` on. Values that are not
        finite become zero and are flagged; other flags stay as they are.

    Returns
    -------
    How many values were not finite.
    """
    channels, correlations = len(order), sources.shape[1]
    stripe = np.empty((STRIPE_ROWS, channels, correlations), np.complex64)
    bits = stripe.view(np.int32)
    real, imaginary = np.ones(channels, np.float32), np.zeros(channels, np.float32)
    bad = 0
    for band in range(len(edges) - 1):
        for begin in range(edges[band], edges[band + 1], STRIPE_ROWS):
            rows = min(STRIPE_ROWS, edges[band + 1] - begin)
            _gather(values, starts[band], begin - edges[band], rows, chunk, stripe)
            for near in range(rows):
                row = begin + near
                if len(delays):
                    phasors_of(delays[row], turns_per_m, step, real, imaginary)
                source = sources[1 if swapped[row] else 0]
                sign = np.float32(1 if swapped[row] else -1)
                damaged = 0
                for k in range(channels):
                    for m in range(2 * correlations):
                        damaged += (bits[near, k, m] & EXPONENT) == EXPONENT
                for k in range(channels):
                    at = order[k]
                    for m in range(correlations):
                        x = stripe[near, at, source[m]]
                        data[row, first + k, m] = complex(
                            x.real * real[k] - x.imag * imaginary[k],
                            sign * (x.real * imaginary[k] + x.imag * real[k]),
                        )
                if damaged:
                    bad += _clear(data[row], flags[row], first, channels)
    return bad
