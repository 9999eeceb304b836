"""Robust means and widths of many towers at once, gathered batch by batch.

A run is cut into batches of consecutive events. In each, values further from the median than
`clip` robust standard deviations (1.4826 times the median absolute deviation, which is that of a normal
distribution) are left out, once. Batches are then joined by the parallel variance formula (Chan,
Golub, LeVeque 1979), and the spread of their means says how stable the run was. Memory holds one
batch, however long the run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.quality.statistics import MAD_TO_SIGMA

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COUNT = 1.0  # least noise supposed of anything measured in ADC counts
ROWS_FOR_MEDIAN = 1024  # a median of more costs much and moves the limits of clipping little
LEAST_BATCHES = 4  # fewer say nothing about stability


@dataclass(frozen=True, eq=False)
class BatchMoments:
    """Values of one batch that were kept: arrays [t] of their number, mean and sum of squared residuals.

    `dropped` counts the outliers.
    """

    n: Ints
    mean: Floats
    squares: Floats
    dropped: Ints


@dataclass(frozen=True, eq=False)
class RunMoments:
    """Values of a whole run: arrays float64[t], NaN where they could not be determined.

    Parameters
    ----------
    n, dropped
        Values kept, and left out as outliers (int64[t]).
    mean, std
        Of the values kept; the standard deviation includes changes during the run.
    error
        Uncertainty of the mean, enlarged by the square root of chi2 where that is far above one.
    stability
        Standard deviation of the batches' means that statistics do not explain.
    chi2
        Reduced chi square of the batches' means against one mean.
    """

    n: Ints
    dropped: Ints
    mean: Floats
    std: Floats
    error: Floats
    stability: Floats
    chi2: Floats

    @property
    def outliers(self) -> Floats:
        """Share of the values that was left out, 0 where there were none."""
        share: Floats = self.dropped / np.maximum(1, self.n + self.dropped)
        return share


def batch_edges(events: int, size: int) -> list[tuple[int, int]]:
    """Return [first, last) of batches of nearly equal length, about `size` events each."""
    count = max(1, round(events / size))
    edges = [round(place) for place in np.linspace(0, events, count + 1)]
    return list(pairwise(edges))


def clipped_moments(values: NDArray[np.floating], clip: float, resolution: float) -> BatchMoments:
    """Return the moments of each column of `values` [n, t] without its outliers; NaN is no value.

    Parameters
    ----------
    clip
        Robust standard deviations beyond which a value is an outlier.
    resolution
        Least standard deviation supposed (one count of the digitiser): more than half of integer
        values may be equal.
    """
    some = values[:: max(1, len(values) // ROWS_FOR_MEDIAN)]
    centre = _median(some)
    scale = np.maximum(MAD_TO_SIGMA * _median(np.abs(some - centre)), resolution)
    residual = values - centre
    kept = np.abs(residual) <= clip * scale  # False for NaN
    n = kept.sum(axis=0)
    residual = np.where(kept, residual, 0)
    shift = residual.sum(axis=0, dtype=np.float64) / np.maximum(n, 1)
    squares = (residual.astype(np.float64) ** 2).sum(axis=0) - n * shift**2
    dropped = (~np.isnan(values)).sum(axis=0) - n
    mean = np.where(n > 0, centre + shift, np.nan)
    return BatchMoments(n.astype(np.int64), mean, np.maximum(squares, 0), dropped.astype(np.int64))


def sample_moments(waveforms: NDArray[np.uint16], clip: float) -> BatchMoments:
    """Return the moments of all samples of waveforms [e, t, s], tower by tower."""
    samples = np.moveaxis(waveforms, 2, 1).reshape(-1, waveforms.shape[1]).astype(np.float32)
    return clipped_moments(samples, clip, COUNT)


def joined(batches: Sequence[BatchMoments]) -> RunMoments:
    """Return the moments of all batches together."""
    n = np.stack([one.n for one in batches]).astype(np.float64)
    mean = np.where(n > 0, np.stack([one.mean for one in batches]), 0)
    within = np.stack([one.squares for one in batches]).sum(axis=0)
    total = n.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        overall = (n * mean).sum(axis=0) / total
        between = (n * (mean - overall) ** 2).sum(axis=0)
        std = np.sqrt((within + between) / (total - 1))
        std[total < 2] = np.nan
        chi2, stability = _stability(n, between, within)
        error = np.sqrt((within + between) / (total - 1) / total) * _scale(chi2, (n > 0).sum(axis=0) - 1)
        error[total < 2] = np.nan
    dropped = np.stack([one.dropped for one in batches]).sum(axis=0)
    return RunMoments(total.astype(np.int64), dropped, overall, std, error, stability, chi2)


def _stability(n: Floats, between: Floats, within: Floats) -> tuple[Floats, Floats]:
    filled = (n > 0).sum(axis=0)
    variance = within / (n - 1).clip(min=0).sum(axis=0)
    chi2 = between / variance / (filled - 1)
    # expectation of `between` is (filled - 1) x variance + (sum of n) x (variance of the true means)
    excess = (between - (filled - 1) * variance) / n.sum(axis=0)
    unknown = filled < LEAST_BATCHES
    chi2[unknown] = np.nan
    stability = np.sqrt(excess.clip(min=0))
    stability[unknown] = np.nan
    return chi2, stability


def _scale(chi2: Floats, freedom: NDArray[np.integer]) -> Floats:
    """Return the Particle Data Group's factor on the error of a mean, where chi2 asks for one."""
    unexpected = chi2 > 1 + 3 * np.sqrt(2 / freedom.clip(min=1))
    return np.where(unexpected, np.sqrt(np.where(unexpected, chi2, 1)), 1.0)


def _median(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the median of each column over its values that are not NaN (numpy's nanmedian is slow)."""
    ordered = np.sort(values, axis=0)  # NaN last
    count = (~np.isnan(ordered)).sum(axis=0)
    low, high = (count.clip(min=1) - 1) // 2, count // 2
    columns = np.arange(values.shape[1])
    high = high.clip(max=len(ordered) - 1)
    middle: NDArray[np.floating] = (ordered[low, columns] + ordered[high, columns]) / 2
    return middle
