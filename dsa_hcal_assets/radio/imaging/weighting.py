"""The radiometer's prediction of an image's noise, for the weights the image was made with."""

import math

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.calibration.beam import SPEED_OF_LIGHT
from dsa_hcal_assets.radio.imaging.exposure import Samples
from dsa_hcal_assets.radio.imaging.imager import ImageParameters


def expected_noise_jy(samples: list[Samples], sefd_jy: float, parameters: ImageParameters) -> float:
    """Return the noise of a Stokes I image with Briggs weights, Jy/beam; NaN without data.

    A visibility of one hand has sigma = SEFD / sqrt(2 bandwidth x time) (Thompson, Moran and Swenson
    2017, eq. 6.50, efficiency 1); the image has sqrt(sum(g^2 sigma^2)) / sum(g) with the imaging weights
    g = w / (1 + W f^2), W the sum of w in the sample's (u, v) cell and
    f^2 = (5 x 10^-robust)^2 sum(w) / sum(W^2 over cells) (Briggs 1995, PhD thesis, New Mexico Institute of
    Mining and Technology). The cell is the inverse of the image's width, as both programs take it.
    """
    size = parameters.imsize
    cell = 1 / (size * math.radians(parameters.cell_arcsec / 3600))
    density = np.zeros(size * (size // 2 + 1))
    placed = [_placed(one, cell, parameters) for one in samples]
    for where, weight, _ in placed:
        density += np.bincount(where, weight, density.size)
    total = density.sum()
    if total == 0:
        return math.nan
    # the grid holds one half of the (u, v) plane: the other half doubles both sums alike
    factor = (5 * 10.0**-parameters.robust) ** 2 * total / (density**2).sum()
    squares, norm = 0.0, 0.0
    for where, weight, variance in placed:
        imaging = weight / (1 + density[where] * factor)
        squares += float((imaging**2 * variance).sum())
        norm += float(imaging.sum())
    return sefd_jy * math.sqrt(squares) / norm


def _placed(
    one: Samples, cell: float, parameters: ImageParameters
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return cell, weight and variance (units of SEFD^2) of the samples that are imaged."""
    size = parameters.imsize
    scale = one.frequency_hz / SPEED_OF_LIGHT
    u, v = (np.outer(one.uvw_m[:, axis], scale) for axis in (0, 1))
    used = (one.weight > 0) & (np.hypot(u, v) >= parameters.uvrange_lambda)
    u, v = u[used], v[used]
    turned = u < 0
    column = np.rint(np.where(turned, -u, u) / cell).astype(np.int64)
    row = np.rint(np.where(turned, -v, v) / cell).astype(np.int64) + size // 2
    # beyond the grid, where the pixels are too coarse for the longest baselines, nothing is imaged
    inside = (column <= size // 2) & (row >= 0) & (row < size)
    samples = one.hands * np.outer(one.exposure_s, one.width_hz)
    where = row[inside] * (size // 2 + 1) + column[inside]
    return where, one.weight[used][inside].astype(np.float64), 0.5 / samples[used][inside]
