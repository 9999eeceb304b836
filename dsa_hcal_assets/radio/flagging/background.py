"""What the amplitudes of one baseline are without interference: level by channel, course in time, deviation.

Interference that stays must not become its own background, nor may what passes: the level of each
channel is its median in time, smoothed by a running median in frequency; the course in time is the
median over channels of what remains, smoothed likewise. Their product follows bandpass, sources and
their drift through the beam. With 24 integrations a passing satellite (up to 4) is never the majority.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsa_hcal_assets.radio.flagging.steps import MAD_TO_SIGMA

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

# half widths of the running medians: channels (2.4 MHz of DSA-110's) and integrations
CHANNELS_BESIDE = 10
FEWEST_CHANNELS = 3  # at the band's ends
INTEGRATIONS_BESIDE = 4
# every so manieth sample serves to measure level and deviation of many
SAMPLING = 5


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def flatten(plane: Floats, bad: Bools) -> None:
    """Replace amplitudes by amplitude / background - 1, shape (n_time, n_channel); bad without background."""
    times, channels = plane.shape
    level, course = np.zeros(channels, np.float32), np.zeros(times, np.float32)
    room = np.empty(max(times, channels), np.float32)
    for channel in range(channels):
        count = 0
        for time in range(times):
            if not bad[time, channel]:
                room[count] = plane[time, channel]
                count += 1
        level[channel] = median(room, count)
    level = running_median(level, CHANNELS_BESIDE, FEWEST_CHANNELS)
    for time in range(times):
        count = 0
        # which channels serve moves on with time, so that none is always left out
        for channel in range(
            time % SAMPLING if channels > 64 else 0, channels, SAMPLING if channels > 64 else 1
        ):
            if not bad[time, channel] and level[channel] > 0:
                room[count] = plane[time, channel] / level[channel]
                count += 1
        course[time] = median(room, count)
    course = running_median(course, INTEGRATIONS_BESIDE, INTEGRATIONS_BESIDE)
    for time in range(times):
        for channel in range(channels):
            background = level[channel] * course[time]
            if background > 0:
                plane[time, channel] = plane[time, channel] / background - np.float32(1)
            else:
                plane[time, channel] = 0
                bad[time, channel] = True


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def deviation(plane: Floats, bad: Bools) -> np.float32:
    """Return the robust deviation (1.4826 MAD) from zero of what is not bad; 0 when nothing is left."""
    times, channels = plane.shape
    step = SAMPLING if times * channels > 1000 else 1
    room = np.empty(times * channels // step + 1, np.float32)
    count = 0
    for sample in range(0, times * channels, step):
        time, channel = sample // channels, sample % channels
        if not bad[time, channel]:
            room[count] = abs(plane[time, channel])
            count += 1
    spread: np.float32 = np.float32(MAD_TO_SIGMA) * median(room, count)
    return spread


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def running_median(values: Floats, beside: int, fewest: int) -> Floats:
    """Return the median of the positive values within `beside` on either side.

    Towards the ends the window stays centred and shrinks, as a slope would shift what it shows, but not
    below `fewest` on either side, so that its majority stays one; there it moves inwards.
    """
    count = values.shape[0]
    smooth, room = np.empty_like(values), np.empty(2 * beside + 1, np.float32)
    for place in range(count):
        half = max(min(beside, place, count - 1 - place), fewest)
        width = min(2 * half + 1, count)
        begin = min(max(place - half, 0), count - width)
        known = 0
        for neighbour in range(begin, begin + width):
            if values[neighbour] > 0:
                room[known] = values[neighbour]
                known += 1
        smooth[place] = median(room, known)
    return smooth


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def median(values: Floats, count: int) -> np.float32:
    """Return the lower median of the first `count` values, which it reorders (quickselect); 0 of none."""
    if count == 0:
        return np.float32(0)
    wanted, low, high = (count - 1) // 2, 0, count - 1
    while low < high:
        pivot, left, right = values[(low + high) // 2], low, high
        while left <= right:
            while values[left] < pivot:
                left += 1
            while values[right] > pivot:
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                left += 1
                right -= 1
        if wanted <= right:
            high = right
        elif wanted >= left:
            low = left
        else:
            break
    found: np.float32 = values[wanted]
    return found
