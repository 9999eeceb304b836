"""The light of an LED run, as PIN diodes saw it.

Belongs here: mean and uncertainty of the five diodes of each half-sector. Not here: what the light
means for gains (corrections/led_drift.py).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.hcal.analysis_runs.run_contents import LightReadings
from dsa_hcal_assets.hcal.mapping.geometry import HALF_SECTORS, HCAL_TOWERS, towers

Floats = NDArray[np.float64]

COUNT_STD = 1 / np.sqrt(12)  # standard deviation of a value known to a whole count
DITHER = 0.5  # counts of noise above which the mean of whole counts is better than one count
SEEN = 5.0  # a diode sees light when its mean is this many of its uncertainties


@dataclass(frozen=True, eq=False)
class Light:
    """Light monitoring of half-sectors in one run.

    Parameters
    ----------
    half_sector
        int16[h].
    pindiode, pindiode_error
        float64[h, 5], ADC counts: means and their uncertainties.
    led_mask
        float64[h]: LEDs that were on, bit 0 the first; NaN where unknown, as in the next two.
    led_width, led_intensity
        float64[h, 5].
    source
        Where it was read.
    """

    half_sector: NDArray[np.int16]
    pindiode: Floats
    pindiode_error: Floats
    led_mask: Floats
    led_width: Floats
    led_intensity: Floats
    source: Literal["file", "slow control"]

    def of_towers(self, tower_id: NDArray[np.integer]) -> tuple[Floats, Floats]:
        """Return light and uncertainty of the half-sectors of towers: the mean of diodes that saw light.

        NaN for towers without: of other detectors, or where no diode saw any.
        """
        seen = sees_light(self.pindiode, self.pindiode_error)
        count = seen.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            light = np.where(seen, self.pindiode, 0).sum(axis=1) / count
            error = np.sqrt(np.where(seen, self.pindiode_error**2, 0).sum(axis=1)) / count
        return self._spread(light, tower_id), self._spread(error, tower_id)

    def _spread(self, values: Floats, tower_id: NDArray[np.integer]) -> Floats:
        by_half_sector = np.full(HALF_SECTORS, np.nan)
        by_half_sector[self.half_sector] = values
        found = np.full(len(tower_id), np.nan)
        inside = tower_id < HCAL_TOWERS
        found[inside] = by_half_sector[towers().half_sector[tower_id[inside]]]
        return found


def sees_light(mean: Floats, error: Floats) -> NDArray[np.bool_]:
    """Return which diodes see light; one that reads 0 or noise tells nothing."""
    return mean > np.maximum(SEEN * error, 1.0)


def measured(readings: LightReadings) -> Light:
    """Return the light of a run from the readings in its file."""
    mean, error = mean_of_counts(readings.pindiode)
    return Light(
        readings.half_sector,
        mean,
        error,
        readings.led_mask.astype(np.float64),
        readings.led_width.astype(np.float64),
        readings.led_intensity.astype(np.float64),
        "file",
    )


def mean_of_counts(readings: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Return mean and uncertainty over the first axis of values read in ADC counts.

    Where noise is less than half a count, readings repeat each other and averaging them does not
    help: the uncertainty is then that of one count, 1/sqrt(12).
    """
    mean = readings.mean(axis=0, dtype=np.float64)
    number = len(readings)
    std = readings.std(axis=0, ddof=1, dtype=np.float64) if number > 1 else np.zeros_like(mean)
    whole = bool((readings == np.round(readings)).all())
    error = std / np.sqrt(number)
    if whole or number == 1:
        error = np.where(std < DITHER, np.maximum(error, COUNT_STD), error)
    return mean, error


def joined(parts: list[Light]) -> Light | None:
    """Return the light of a run from its parts, each with half-sectors of its own; None of none."""
    if not parts:
        return None
    kept = parts[0]
    for other in parts[1:]:
        new = ~np.isin(other.half_sector, kept.half_sector)
        kept = Light(
            np.concatenate([kept.half_sector, other.half_sector[new]]),
            np.concatenate([kept.pindiode, other.pindiode[new]]),
            np.concatenate([kept.pindiode_error, other.pindiode_error[new]]),
            np.concatenate([kept.led_mask, other.led_mask[new]]),
            np.concatenate([kept.led_width, other.led_width[new]]),
            np.concatenate([kept.led_intensity, other.led_intensity[new]]),
            kept.source,
        )
    return kept
