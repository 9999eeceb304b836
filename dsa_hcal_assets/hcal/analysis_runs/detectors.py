"""Which detector a tower belongs to, of all three, and what is typical there."""

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.hcal.mapping.geometry import EMCAL_FIRST_TOWER_ID, TOWERS_PER_DETECTOR

LABELS = ("OHCal", "IHCal", "EMCal")


def detector_of(tower_id: NDArray[np.integer]) -> NDArray[np.intp]:
    """Return 0 OHCal, 1 IHCal, 2 EMCal."""
    return np.digitize(tower_id, [TOWERS_PER_DETECTOR, EMCAL_FIRST_TOWER_ID])


def median_of_detector(tower_id: NDArray[np.integer], values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return, for each tower, the median of `values` over its detector; NaN where all are NaN."""
    detector = detector_of(tower_id)
    median = np.full(len(LABELS), np.nan)
    for number in np.unique(detector):
        known = values[(detector == number) & ~np.isnan(values)]
        if len(known):
            median[number] = np.median(known)
    return median[detector]
