"""How far each reading is from what it should be: plain arithmetic on arrays, cycles along axis 0.

Belongs here: changes, and deviations from neighbours, half-sector and history. Not here: what counts
as too far (thresholds) and which quantities are looked at (rules.py).

Deviations are robust z-scores: (value - median) / scatter, the scatter estimated from the median
absolute deviation and never below a floor, the size below which a deviation means nothing for the
detector. NaN (not read) takes no part and stays NaN.
"""

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.geometry import Detector
from dsa_hcal_assets.quality.statistics import mad_sigmas, medians

Floats = NDArray[np.floating]

_BLOCK = 256  # cycles at once: eight neighbours of all towers are 50 MB then
_AROUND = [(eta, phi) for eta in (-1, 0, 1) for phi in (-1, 0, 1) if (eta, phi) != (0, 0)]


def change(
    values: Floats,
    seconds: NDArray[np.float64],
    window: float,
    *,
    max_age: float = np.inf,
    before: Floats | None = None,
) -> Floats:
    """Return value - value a window earlier, [cycles, places].

    The earlier one is the last that was read at least nine tenths of `window` before (cycles are
    not quite regular), so that a step while a board was silent is seen when it is back.

    Parameters
    ----------
    values
        [cycles, places].
    seconds
        Time of each cycle, ascending.
    window
        Seconds.
    max_age
        NaN where the earlier value is older than this many seconds.
    before
        [places]: value before the first cycle, of any age (infinitely old for `max_age`).
    """
    cycles = np.arange(len(seconds), dtype=np.int32)
    latest_read = np.maximum.accumulate(np.where(np.isnan(values), -1, cycles[:, np.newaxis]), axis=0)
    earlier = np.searchsorted(seconds, seconds - 0.9 * window, side="right") - 1
    source = np.where(earlier[:, np.newaxis] < 0, -1, latest_read[np.maximum(earlier, 0)])
    reference = np.take_along_axis(values, np.maximum(source, 0), axis=0)
    age = seconds[:, np.newaxis] - seconds[np.maximum(source, 0)]
    reference = np.where((source < 0) | (age > max_age), np.nan, reference)
    if before is not None and np.isinf(max_age):
        reference = np.where(source < 0, before, reference)
    return np.asarray(values - reference)


def from_neighbours(values: Floats) -> Floats:
    """Return value - median of the up to eight towers around it in eta and phi, [cycles, 3072]."""
    towers = geometry.towers()
    residual = np.empty_like(values)
    for block in range(0, len(values), _BLOCK):
        some = values[block : block + _BLOCK]
        # a rim of NaN where the barrel ends in eta; phi goes round
        grid = np.full((len(some), len(Detector), geometry.ETA_BINS + 2, geometry.PHI_BINS), np.nan)
        grid[:, towers.detector, towers.ieta + 1, towers.iphi] = some
        around = np.stack(
            [np.roll(grid, (eta, phi), axis=(2, 3))[:, :, 1:-1] for eta, phi in _AROUND], axis=-1
        )
        middle = medians(around, axis=-1)
        residual[block : block + _BLOCK] = some - middle[:, towers.detector, towers.ieta, towers.iphi]
    return residual


def from_half_sector(values: Floats) -> Floats:
    """Return value - median of the tower's half-sector, [cycles, 3072]."""
    half_sector = geometry.towers().half_sector
    members = np.argsort(half_sector, kind="stable").reshape(geometry.HALF_SECTORS, -1)
    middle = medians(values[:, members], axis=2)
    return np.asarray(values - middle[:, half_sector])


def scores_among(residual: Floats, floor: float) -> Floats:
    """Return residuals of towers in units of their scatter over the detector in the same cycle."""
    scatter = np.maximum(mad_sigmas(_by_detector(residual), axis=2), floor)
    return np.asarray(residual / scatter[:, geometry.towers().detector])


def common_shift(residual: Floats) -> Floats:
    """Return the median residual of each detector's towers, [cycles, 2]."""
    return medians(_by_detector(residual), axis=2)


def _by_detector(values: Floats) -> Floats:
    # tower ids of a detector follow each other
    return values.reshape(len(values), len(Detector), geometry.TOWERS_PER_DETECTOR)
