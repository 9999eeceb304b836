"""The flagging steps that are plain array work. Each returns what it would flag; `job` combines them.

All take a `Window` and return a boolean array of its data's shape, True where the step objects.
Order and limits are choices of the operators of DSA-110 (see the profile).
"""

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.flagging.visibilities import Window

Mask = NDArray[np.bool_]

# sigma of a normal distribution = 1.4826 x its median absolute deviation
MAD_TO_SIGMA = 1.4826


def zeros(window: Window) -> Mask:
    """Visibilities that are exactly zero (no data were written) or not finite."""
    return np.asarray((window.data == 0) | ~np.isfinite(window.data))


def autocorrelations(window: Window) -> Mask:
    """All rows of an antenna with itself: they hold no fringe and would spoil solves."""
    return _rows(window, ~window.cross)


def edge_channels(window: Window, channels: int) -> Mask:
    """The outermost channels, where the filter's response falls off."""
    mask = np.zeros(window.data.shape, dtype=bool)
    if channels:
        mask[:, :channels] = True
        mask[:, -channels:] = True
    return mask


def quack(window: Window, seconds: float) -> Mask:
    """The first `seconds` of each scan, when antennas may still be settling."""
    if seconds <= 0:
        return np.zeros(window.data.shape, dtype=bool)
    early = np.zeros(window.time.size, dtype=bool)
    for scan in np.unique(window.scan):
        rows = window.scan == scan
        early |= rows & (window.time < window.time[rows].min() + seconds)
    return _rows(window, early)


def amplitude_clip(window: Window, limit: float) -> Mask:
    """Cross-correlations whose amplitude (unit of the data) exceeds a physical limit."""
    return (np.abs(window.data) > limit) & window.cross[:, None, None]


def dead_antennas(window: Window, flag: Mask, fraction: float) -> tuple[Mask, list[int]]:
    """Antennas of whose cross-correlations more than `fraction` is flagged already.

    A dead antenna takes its partners' baselines with it, so shares are taken over baselines between
    antennas that have any data, and the worst antenna goes first.

    Returns
    -------
    mask
        All rows of these antennas.
    antennas
        Their ids, ascending.
    """
    cross = window.cross
    pairs = np.stack([window.antenna1, window.antenna2])[:, cross]
    share = flag.mean(axis=(1, 2))[cross]
    alive = np.ones(share.size, dtype=bool)
    dead: list[int] = []
    count = int(pairs.max(initial=-1)) + 1
    while alive.any():
        total = sum(np.bincount(side[alive], minlength=count) for side in pairs)
        bad = sum(np.bincount(side[alive], weights=share[alive], minlength=count) for side in pairs)
        shares = np.divide(bad, total, out=np.zeros(count), where=total > 0)
        worst = int(np.argmax(shares))
        if shares[worst] <= fraction:
            break
        dead.append(worst)
        alive &= (pairs != worst).all(axis=0)
    touched = np.isin(window.antenna1, dead) | np.isin(window.antenna2, dead)
    return _rows(window, touched), sorted(dead)


def mad_clip(window: Window, flag: Mask, sigma: float) -> Mask:
    """Cross amplitudes more than `sigma` robust deviations above the median.

    Median and MAD are taken for each field and correlation (a calibrator is not interference to the
    target) and the bandpass shape is divided out first. Only high amplitudes are taken: interference
    adds power, and the faint side holds nothing but noise.
    """
    mask = np.zeros(window.data.shape, dtype=bool)
    amplitude = np.abs(window.data)
    for field in np.unique(window.field):
        rows = np.flatnonzero((window.field == field) & window.cross)
        for correlation in range(window.data.shape[2]):
            values = np.where(flag[rows, :, correlation], np.nan, amplitude[rows, :, correlation])
            shape = _median(values, axis=0)
            good = np.isfinite(shape) & (shape > 0)
            scaled = values[:, good] / shape[good]
            centre = float(_median(scaled))
            deviation = MAD_TO_SIGMA * float(_median(np.abs(scaled - centre)))
            if np.isfinite(deviation) and deviation > 0:
                high = scaled > centre + sigma * deviation
                mask[np.ix_(rows, np.flatnonzero(good), np.array([correlation]))] = high[:, :, None]
    return mask


def extend(window: Window, found: Mask, *, grow: float = 0.5) -> Mask:
    """Extend flags of interference to where it surely is but stays below the thresholds.

    To all correlations of a visibility; to all channels of a baseline and integration of which more
    than `grow` is flagged; to all integrations of a baseline and channel of which more than `grow` is
    flagged within a scan.
    """
    everywhere = np.repeat(np.asarray(found.any(axis=2))[:, :, None], found.shape[2], axis=2)
    everywhere |= everywhere.mean(axis=1, keepdims=True) > grow
    series = window.baseline * (int(window.scan.max(initial=0)) + 1) + window.scan
    order = np.argsort(series, kind="stable")
    starts = np.flatnonzero(np.diff(series[order], prepend=-1))
    lengths = np.diff(np.append(starts, order.size))
    share = np.add.reduceat(everywhere[order], starts, axis=0, dtype=np.float32) / lengths[:, None, None]
    back = np.empty_like(everywhere)
    back[order] = np.repeat(share > grow, lengths, axis=0)
    return np.asarray(everywhere | back)


def _rows(window: Window, rows: Mask) -> Mask:
    return np.broadcast_to(rows[:, None, None], window.data.shape).copy()


def _median(values: NDArray[np.floating], axis: int | None = None) -> NDArray[np.float64]:
    """Median without NaN; NaN (and no warning) where nothing is left."""
    counts = np.isfinite(values).sum(axis=axis)
    filled = np.sort(np.where(np.isfinite(values), values, np.inf), axis=axis)
    if axis is None:
        return np.float64(filled[(counts - 1) // 2] if counts else np.nan)  # type: ignore[return-value]
    picked = np.take_along_axis(filled, np.maximum(counts - 1, 0)[None] // 2, axis=0)[0]
    return np.where(counts > 0, picked, np.nan)
