"""Flags that cost next to nothing: exact zeros, autocorrelations, amplitudes far above the others."""

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from dsa_hcal_assets.radio.flagging.steps import MAD_TO_SIGMA

# cross-correlations that stand for all of a block: the MAD of so many is good to 6 %
SAMPLED_ROWS = 256
# an odd number of channels, wider than any narrow interference and narrower than a bandpass varies
NEIGHBOURS = 31


def amplitude_limits(
    data: NDArray[np.complex64], cross: NDArray[np.bool_], sigma: float | None
) -> NDArray[np.float32]:
    """Return the amplitude above which cross-correlations are taken for interference.

    Median + `sigma` x 1.4826 MAD over a sample of the block's baselines. Medians over neighbouring
    channels count, so that a channel full of interference does not set its own limit.

    Parameters
    ----------
    data
        Visibilities, shape (rows, channels, correlations).
    cross
        Rows between two antennas, shape (rows,).
    sigma
        None: no limit.

    Returns
    -------
    ndarray
        Shape (channels, correlations), in the unit of the data; infinite where there is no limit.
    """
    alive = np.flatnonzero(cross & data[:, data.shape[1] // 2].any(axis=1))
    if sigma is None or not len(alive):
        return np.full(data.shape[1:], np.inf, np.float32)
    # by chance: a fixed step would meet the same antennas again and again
    chosen = np.random.default_rng(0).permutation(alive)[:SAMPLED_ROWS]
    amplitude = np.abs(data[np.sort(chosen)])
    level = np.median(amplitude, axis=0)
    spread = np.median(np.abs(amplitude - level), axis=0)
    level, spread = (median_filter(one, size=(NEIGHBOURS, 1), mode="nearest") for one in (level, spread))
    limit = (level + sigma * MAD_TO_SIGMA * spread).astype(np.float32)
    # where most neighbours are lost there is nothing to compare with
    limit[spread == 0] = np.inf
    return np.asarray(limit)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def flag_lightly(
    data: NDArray[np.complex64],
    cross: NDArray[np.bool_],
    limits: NDArray[np.float32],
    flags: NDArray[np.bool_],
) -> None:
    """Set `flags` for exact zeros, autocorrelations and amplitudes above `limits`, in place."""
    for row in range(data.shape[0]):
        for channel in range(data.shape[1]):
            for hand in range(data.shape[2]):
                value = data[row, channel, hand]
                power = value.real * value.real + value.imag * value.imag
                limit = limits[channel, hand]
                if not cross[row] or power == 0 or power > limit * limit:
                    flags[row, channel, hand] = True
