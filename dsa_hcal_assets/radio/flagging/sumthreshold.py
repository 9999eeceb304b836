"""SumThreshold: interference in the time-frequency plane of one baseline and polarisation.

The method of Offringa et al. 2010 (MNRAS 405, 155): a run of M samples is flagged when its mean exceeds a
threshold that falls with M; samples already flagged count as the threshold, so that a strong one does
not take its neighbours along. The threshold of a run of M is `sigma` robust deviations over 1.5^log2(M), and
not less than five robust deviations of all runs of that length: noise averages out along a run, the
interplay of several sources on a long baseline does not.

The background (`background`) is taken out first.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsa_hcal_assets.radio.flagging.background import deviation, flatten, median
from dsa_hcal_assets.radio.flagging.steps import MAD_TO_SIGMA

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

THREADS = 2
# Offringa et al. 2010, equation 8: thresholds of runs fall by this for each doubling
FALL = 1.5
LONGEST_RUN = 16
# what exceeds the background by less is left: a bandpass is no smoother, and a strong source no steadier
LEAST_EXCESS = np.float32(0.1)
# sources that beat on long baselines make whole runs rise: a run must also stand out among its like
RUN_SIGMA = 5.0
# running sums are float32: a run that is flagged already must not exceed its own threshold
ROUNDING = 1e-4
# share of the limit at which a sample is cut that goes into the spectrum of the array
ARRAY_CUT = np.float32(0.5)
RUN_SAMPLING = 11


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def search(
    thread: int,
    data: NDArray[np.complex64],
    codes: NDArray[np.uint8],
    members: NDArray[np.int64],
    starts: NDArray[np.int64],
    searched: Bools,
    moment: NDArray[np.int64],
    sigma: float,
    code: int,
    excess: NDArray[np.float64],
    counted: NDArray[np.int64],
) -> None:
    """Search every `THREADS`-th series of a block from the `thread`-th on.

    Parameters
    ----------
    data, codes
        Visibilities, and 0 where they are not flagged yet; (n_row, n_channel, n_correlation).
        What is found gets the `code`.
    members, starts
        The series, as `series.Block` has them.
    searched
        Rows worth a search (cross-correlations), shape (n_row,).
    moment
        Number of the integration of each row.
    excess, counted
        Sum and number of (amplitude / background - 1) by integration, channel and correlation, each
        cut well below the threshold: one bad antenna is not the whole array's interference.
    """
    channels, correlations = data.shape[1], data.shape[2]
    for series in range(thread, starts.shape[0] - 1, THREADS):
        rows = members[starts[series] : starts[series + 1]]
        if not searched[rows[0]]:
            continue
        times = rows.shape[0]
        plane = np.empty((times, channels), np.float32)
        bad = np.empty((times, channels), np.bool_)
        for hand in range(correlations):
            good = 0
            for time in range(times):
                for channel in range(channels):
                    value = data[rows[time], channel, hand]
                    plane[time, channel] = math.sqrt(value.real * value.real + value.imag * value.imag)
                    bad[time, channel] = codes[rows[time], channel, hand] != 0
                    good += not bad[time, channel]
            if good == 0:
                continue
            flatten(plane, bad)
            limit = np.float32(sigma) * deviation(plane, bad)
            if not limit > 0:
                continue
            for time in range(times):
                for channel in range(channels):
                    if not bad[time, channel]:
                        excess[moment[rows[time]], channel, hand] += min(
                            plane[time, channel], ARRAY_CUT * limit
                        )
                        counted[moment[rows[time]], channel, hand] += 1
            sum_threshold(plane, bad, limit)
            for time in range(times):
                for channel in range(channels):
                    if bad[time, channel] and codes[rows[time], channel, hand] == 0:
                        codes[rows[time], channel, hand] = code


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def sum_threshold(plane: Floats, bad: Bools, limit: np.float32) -> None:
    """Add to `bad` the runs of 1, 2, 4, ... samples along time and along frequency above their thresholds.

    `plane` is amplitude / background - 1; `limit` is the threshold of a single sample.
    """
    times, channels = plane.shape
    for time in range(times):
        for channel in range(channels):
            bad[time, channel] |= plane[time, channel] > max(limit, LEAST_EXCESS)
    found = np.zeros((times, channels), np.bool_)
    filled, mean = np.empty((times, channels), np.float32), np.empty((times, channels), np.float32)
    run = 2
    while run <= LONGEST_RUN:
        limit = np.float32(limit / FALL)
        for time in range(times):
            for channel in range(channels):
                filled[time, channel] = limit if bad[time, channel] else plane[time, channel]
        some = False
        for in_time in (True, False):
            last_time, last_channel = (times - run, channels - 1) if in_time else (times - 1, channels - run)
            if last_time < 0 or last_channel < 0:
                continue
            if in_time:
                _means_in_time(filled, run, mean)
            else:
                _means_in_frequency(filled, run, mean)
            threshold = max(
                limit, LEAST_EXCESS, np.float32(RUN_SIGMA) * _spread(mean, last_time, last_channel)
            )
            threshold *= np.float32(1 + ROUNDING)
            for time in range(last_time + 1):
                above = False
                for channel in range(last_channel + 1):
                    above |= mean[time, channel] > threshold
                some |= above
                # most rows have nothing: the loop before is one the compiler vectorises
                for channel in range(last_channel + 1 if above else 0):
                    if mean[time, channel] > threshold:
                        if in_time:
                            found[time : time + run, channel] = True
                        else:
                            found[time, channel : channel + run] = True
        if some:
            for time in range(times):
                for channel in range(channels):
                    bad[time, channel] |= found[time, channel]
                    found[time, channel] = False
        run *= 2


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _means_in_time(filled: Floats, run: int, mean: Floats) -> None:
    """Write the mean of `run` integrations to where the run begins."""
    times, channels = filled.shape
    share = np.float32(1 / run)
    total = np.zeros(channels, np.float32)
    for time in range(times):
        for channel in range(channels):
            total[channel] += filled[time, channel]
        if time >= run:
            for channel in range(channels):
                total[channel] -= filled[time - run, channel]
        if time >= run - 1:
            for channel in range(channels):
                mean[time - run + 1, channel] = total[channel] * share


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _means_in_frequency(filled: Floats, run: int, mean: Floats) -> None:
    """Write the mean of `run` channels to where the run begins."""
    times, channels = filled.shape
    share = np.float32(1 / run)
    for time in range(times):
        total = np.float32(0)
        for channel in range(channels):
            total += filled[time, channel]
            if channel >= run:
                total -= filled[time, channel - run]
            if channel >= run - 1:
                mean[time, channel - run + 1] = total * share


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _spread(mean: Floats, last_time: int, last_channel: int) -> np.float32:
    """Return the robust deviation of means up to the last ones, both included."""
    wide = last_channel + 1
    size = (last_time + 1) * wide
    step = RUN_SAMPLING if size > 1000 else 1
    room = np.empty(size // step + 1, np.float32)
    count = 0
    for sample in range(0, size, step):
        room[count] = abs(mean[sample // wide, sample % wide])
        count += 1
    spread: np.float32 = np.float32(MAD_TO_SIGMA) * median(room, count)
    return spread
