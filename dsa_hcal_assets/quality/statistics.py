"""Plain and robust statistics that instruments share to find what stands out.

Belongs here: formulas on arrays of numbers. Not here: what counts as too far out (thresholds,
settings) or whose numbers they are.

Missing values are NaN: they take no part in any statistic and stay NaN in element-wise results.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# 1 / (inverse normal distribution function of 3/4): makes the median absolute deviation of
# normally distributed numbers estimate their standard deviation.
# Rousseeuw & Croux 1993, J. Am. Stat. Assoc. 88, 1273.
MAD_TO_SIGMA = 1.482602218505602


def zscores(values: ArrayLike) -> Floats:
    """Return (x - mean) / sample standard deviation of each value.

    Parameters
    ----------
    values
        Numbers, shape (n,).

    Returns
    -------
    Shape (n,), float64, without unit. Zero where the deviation is zero or undefined (fewer than
    two numbers), because a constant series has no outlier.
    """
    numbers = np.asarray(values, dtype=np.float64)
    known = numbers[~np.isnan(numbers)]
    if known.size == 0:
        return np.full_like(numbers, np.nan)
    centre = known.mean()
    sigma = known.std(ddof=1) if known.size > 1 else 0.0
    # A constant series gets a deviation of rounding size when its mean is not representable.
    if sigma <= 8 * np.finfo(np.float64).eps * max(abs(centre), np.abs(known).max()):
        return np.where(np.isnan(numbers), np.nan, 0.0)
    scores: Floats = (numbers - centre) / sigma
    return scores


def mad_sigma(values: ArrayLike) -> float:
    """Return the standard deviation estimated from the median absolute deviation.

    Up to half of the numbers may be outliers without harm. NaN when no number is given.
    """
    numbers = np.asarray(values, dtype=np.float64)
    known = numbers[~np.isnan(numbers)]
    if known.size == 0:
        return float("nan")
    return float(MAD_TO_SIGMA * np.median(np.abs(known - np.median(known))))


def robust_zscores(values: ArrayLike) -> Floats:
    """Return (x - median) / `mad_sigma` of each value.

    Where more than half of the numbers are equal the scale is zero: equal numbers then score 0 and
    all others plus or minus infinity, which every limit catches.
    """
    numbers = np.asarray(values, dtype=np.float64)
    known = numbers[~np.isnan(numbers)]
    if known.size == 0:
        return np.full_like(numbers, np.nan)
    distance: Floats = numbers - np.median(known)
    sigma = mad_sigma(known)
    if sigma > 0:
        # a scale near the smallest float makes infinities of what lies beyond it, as a scale of zero does
        with np.errstate(over="ignore"):
            return distance / sigma
    scores: Floats = np.where(distance == 0, 0.0, np.copysign(np.inf, distance))
    return np.where(np.isnan(numbers), np.nan, scores)


def medians(values: ArrayLike, axis: int) -> Floats:
    """Return the median along an axis; NaN only where no number is given.

    By sorting, which for short axes is many times faster than `numpy.nanmedian`.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64), axis=axis)
    known = np.sum(~np.isnan(ordered), axis=axis, keepdims=True)
    lower = np.take_along_axis(ordered, np.maximum(known - 1, 0) // 2, axis)
    upper = np.take_along_axis(ordered, np.minimum(known // 2, ordered.shape[axis] - 1), axis)
    middle: Floats = ((lower + upper) / 2).squeeze(axis)
    return middle


def mad_sigmas(values: ArrayLike, axis: int) -> Floats:
    """Return `mad_sigma` along an axis."""
    numbers = np.asarray(values, dtype=np.float64)
    centre = np.expand_dims(medians(numbers, axis), axis)
    scatter: Floats = MAD_TO_SIGMA * medians(np.abs(numbers - centre), axis)
    return scatter
