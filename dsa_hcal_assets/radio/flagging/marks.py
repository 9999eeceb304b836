"""Why each visibility is flagged: one byte for the step that flagged it first.

The kernels of the steps that need no search for interference: what is seen in a single sample, the
MAD clip, and the closing pass that extends flags and counts them.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsa_hcal_assets.radio.flagging.background import SAMPLING, median
from dsa_hcal_assets.radio.flagging.steps import MAD_TO_SIGMA, Step
from dsa_hcal_assets.radio.flagging.sumthreshold import THREADS

Codes = NDArray[np.uint8]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

# an integration or a channel of which more than this is interference goes whole
MOST_LEFT = 0.5

# numba takes plain numbers
_CONVERSION, _ZEROS, _EDGES, _CLIP = int(Step.CONVERSION), int(Step.ZEROS), int(Step.EDGES), int(Step.CLIP)
_DEAD, _SEARCH, _MAD, _EXTENSION = int(Step.DEAD), int(Step.SEARCH), int(Step.MAD), int(Step.EXTENSION)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def inspect(
    thread: int,
    data: NDArray[np.complex64],
    flag: Bools,
    zeros: bool,
    edge: int,
    row_code: Codes,
    clip: NDArray[np.float32],
    codes: Codes,
    empty: Bools,
) -> None:
    """Mark what a sample shows by itself, in every `THREADS`-th row.

    Parameters
    ----------
    data, flag
        Visibilities and the set's own flags, shape (n_row, n_channel, n_correlation).
    zeros
        Flag exact zeros. What is not finite is always flagged.
    edge
        Channels flagged at either end.
    row_code
        Step that takes the whole row, or 0; shape (n_row,).
    clip
        Highest amplitude of each row, shape (n_row,).
    codes
        Receives the steps; shape of the data.
    empty
        Receives whether a row has nothing but zeros and invalid numbers, shape (n_row, n_correlation).
    """
    channels = data.shape[1]
    for row in range(thread, data.shape[0], THREADS):
        highest = clip[row] * clip[row]
        for hand in range(data.shape[2]):
            nothing = True
            for channel in range(channels):
                value = data[row, channel, hand]
                power = value.real * value.real + value.imag * value.imag
                valid = math.isfinite(value.real) and math.isfinite(value.imag)
                zero = value.real == 0 and value.imag == 0
                nothing &= zero or not valid
                code = 0
                if flag[row, channel, hand]:
                    code = _CONVERSION
                elif not valid or (zero and zeros):
                    code = _ZEROS
                elif channel < edge or channel >= channels - edge:
                    code = _EDGES
                elif row_code[row]:
                    code = row_code[row]
                elif power > highest:
                    code = _CLIP
                codes[row, channel, hand] = code
            empty[row, hand] = nothing


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def bandpass(
    data: NDArray[np.complex64], codes: Codes, rows: Ints, hand: int, level: NDArray[np.float32]
) -> None:
    """Write the median good amplitude of each channel over `rows` into `level`; 0 where there is none."""
    room = np.empty(rows.shape[0], np.float32)
    for channel in range(data.shape[1]):
        count = 0
        for row in rows:
            if codes[row, channel, hand] == 0:
                value = data[row, channel, hand]
                room[count] = math.sqrt(value.real * value.real + value.imag * value.imag)
                count += 1
        level[channel] = median(room, count)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def mad_clip(
    thread: int,
    data: NDArray[np.complex64],
    codes: Codes,
    members: Ints,
    starts: Ints,
    clipped: Bools,
    field: Ints,
    levels: NDArray[np.float32],
    sigma: float,
) -> None:
    """Flag amplitudes more than `sigma` robust deviations above the median of their series.

    Each series (of every `THREADS`) and correlation has its own median and MAD: a source that only
    the shortest baselines see is not interference. The bandpass is divided out first. Only high
    amplitudes are taken: interference adds power, and the faint side holds nothing but noise.

    Parameters
    ----------
    members, starts
        The series, as `series.Block` has them.
    clipped
        Rows that take part (cross-correlations), shape (n_row,).
    field
        Which of the `levels` (n_field, n_channel, n_correlation) belongs to each row.
    """
    channels, correlations = data.shape[1], data.shape[2]
    for series in range(thread, starts.shape[0] - 1, THREADS):
        rows = members[starts[series] : starts[series + 1]]
        if not clipped[rows[0]]:
            continue
        size = rows.shape[0] * channels
        step = SAMPLING if size > 1000 else 1
        room = np.empty(size // step + 1, np.float32)
        plane = np.empty(size, np.float32)
        for hand in range(correlations):
            for sample in range(size):
                row, channel = rows[sample // channels], sample % channels
                level = levels[field[row], channel, hand]
                plane[sample] = -1
                if codes[row, channel, hand] == 0 and level > 0:
                    value = data[row, channel, hand]
                    plane[sample] = math.sqrt(value.real * value.real + value.imag * value.imag) / level
            count = 0
            for sample in range(0, size, step):
                if plane[sample] >= 0:
                    room[count] = plane[sample]
                    count += 1
            centre = median(room, count)
            for sample in range(count):
                room[sample] = abs(room[sample] - centre)
            deviation = MAD_TO_SIGMA * median(room, count)
            if deviation > 0:
                for sample in range(size):
                    if plane[sample] > centre + sigma * deviation:
                        codes[rows[sample // channels], sample % channels, hand] = _MAD


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def close(
    thread: int,
    codes: Codes,
    members: Ints,
    starts: Ints,
    dead: Bools,
    cross: Bools,
    moment: Ints,
    everywhere: Bools,
    extend: bool,
) -> None:
    """Add what only the whole set shows to every `THREADS`-th series, and extend flags of interference.

    Extended to all correlations of a visibility; to all channels of a baseline and integration of which
    more than half is flagged; to all integrations of a series and channel of which more than half is.

    Parameters
    ----------
    members, starts
        The series of all rows.
    dead
        Rows of dead antennas, shape (n_row,).
    cross
        Rows that are cross-correlations, shape (n_row,).
    moment
        Number of the integration of each row.
    everywhere
        Interference of the whole array, shape (n_moment, n_channel, n_correlation).
    extend
        Extend flags.
    """
    channels, correlations = codes.shape[1], codes.shape[2]
    for series in range(thread, starts.shape[0] - 1, THREADS):
        rows = members[starts[series] : starts[series + 1]]
        in_time, any_found = np.zeros(channels, np.int64), False
        for row in rows:
            in_frequency = 0
            for channel in range(channels):
                found = False
                for hand in range(correlations):
                    code = codes[row, channel, hand]
                    if code == 0 or code > _DEAD:
                        if dead[row]:
                            codes[row, channel, hand] = _DEAD
                        elif cross[row] and everywhere[moment[row], channel, hand]:
                            codes[row, channel, hand] = _SEARCH
                    found |= codes[row, channel, hand] > _DEAD
                if found:
                    in_frequency += 1
                    in_time[channel] += 1
                    any_found = True
                    if extend:
                        _extend(codes, row, channel)
            if extend and in_frequency > MOST_LEFT * channels and in_frequency < channels:
                for channel in range(channels):
                    if not _interference(codes, row, channel):
                        in_time[channel] += 1
                    _extend(codes, row, channel)
        if extend and any_found:
            for channel in range(channels):
                if in_time[channel] > MOST_LEFT * rows.shape[0]:
                    for row in rows:
                        _extend(codes, row, channel)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _interference(codes: Codes, row: int, channel: int) -> bool:
    found = False
    for hand in range(codes.shape[2]):
        found |= codes[row, channel, hand] > _DEAD
    return found


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _extend(codes: Codes, row: int, channel: int) -> None:
    for hand in range(codes.shape[2]):
        if codes[row, channel, hand] == 0:
            codes[row, channel, hand] = _EXTENSION


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def count_steps(codes: Codes, weight: Bools, by_step: Ints, by_row: Ints, by_channel: Ints) -> None:
    """Count the visibilities of rows and correlations of `weight`, shape (n_row, n_correlation).

    Parameters
    ----------
    by_step
        Receives how many each step flagged first, shape (n_step,).
    by_row, by_channel
        Receive how many are flagged, shapes (n_row,) and (n_channel,).
    """
    for row in range(codes.shape[0]):
        for channel in range(codes.shape[1]):
            for hand in range(codes.shape[2]):
                if weight[row, hand]:
                    code = codes[row, channel, hand]
                    by_step[code] += 1
                    by_row[row] += code != 0
                    by_channel[channel] += code != 0
