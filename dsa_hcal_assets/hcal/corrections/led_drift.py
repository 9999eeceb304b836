"""Change of gain from the reference LED run to another one, the light taken out.

The height of a light pulse is gain x light. PIN diodes see the light, not the SiPM's gain, so the
ratio of heights of two runs, divided by the ratio of the diodes' readings, is the ratio of gains.
A half-sector has five diodes; those that saw light in both runs count, each with its weight.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dsa_hcal_assets.hcal.analysis_runs.light import sees_light
from dsa_hcal_assets.hcal.mapping.geometry import HALF_SECTORS, HCAL_TOWERS, towers
from dsa_hcal_assets.settings.corrections import CorrectionSettings

Floats = NDArray[np.float64]
Diodes = Mapping[int, tuple[list[float], list[float]]]  # mean and uncertainty of five, by half-sector

UNUSABLE = ("dead", "saturated")  # a height that says nothing about the gain


@dataclass(frozen=True, eq=False)
class LedRun:
    """What corrections need of an LED run.

    Parameters
    ----------
    towers
        Rows of `run_tables.towers_of_run`.
    diodes
        `run_tables.diodes_of_run`.
    """

    run_number: int
    towers: pd.DataFrame
    diodes: Diodes


@dataclass(frozen=True, eq=False)
class Drift:
    """Gain in one run relative to the reference run, at the conditions of each; arrays [3072].

    Parameters
    ----------
    ratio, error
        The ratio and its relative uncertainty; NaN where it could not be determined.
    without_diodes
        Light supposed unchanged: no diode saw it in both runs.
    doubtful
        Noisy or unstable in the run, or unusable in it.
    present
        In the run at all.
    """

    ratio: Floats
    error: Floats
    without_diodes: NDArray[np.bool_]
    doubtful: NDArray[np.bool_]
    present: NDArray[np.bool_]


def drift_between(reference: LedRun, run: LedRun, settings: CorrectionSettings) -> Drift:
    """Return the drift from the reference run to `run`; exactly one where they are the same run."""
    before, before_error, _, _ = _heights(reference)
    height, height_error, present, doubtful = _heights(run)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = height / before
    error = np.hypot(height_error, before_error)
    if run.run_number == reference.run_number:
        unchanged = np.where(np.isnan(ratio), np.nan, 0.0)
        return Drift(ratio, unchanged, np.zeros(HCAL_TOWERS, dtype=bool), doubtful, present)
    light, light_error = light_ratio(reference.diodes, run.diodes)
    half_sector = towers().half_sector
    unknown = np.isnan(light)
    light = np.where(unknown, 1.0, light)
    light_error = np.where(
        unknown, settings.light_error_without_diodes, np.hypot(light_error, settings.light_error)
    )
    return Drift(
        ratio / light[half_sector],
        np.hypot(error, light_error[half_sector]),
        unknown[half_sector],
        doubtful,
        present,
    )


def light_ratio(reference: Diodes, run: Diodes) -> tuple[Floats, Floats]:
    """Return the ratio of light of two runs and its relative uncertainty [128 half-sectors], NaN unknown."""
    ratio, error = np.full(HALF_SECTORS, np.nan), np.full(HALF_SECTORS, np.nan)
    for half_sector in reference.keys() & run.keys():
        before, before_error = (np.asarray(one, dtype=np.float64) for one in reference[half_sector])
        after, after_error = (np.asarray(one, dtype=np.float64) for one in run[half_sector])
        seen = sees_light(before, before_error) & sees_light(after, after_error)
        if not seen.any():
            continue
        each = after[seen] / before[seen]
        relative = np.hypot(after_error[seen] / after[seen], before_error[seen] / before[seen])
        # equal weights for diodes known exactly, as in noiseless readings
        weight = 1 / np.maximum(relative, 1e-6) ** 2
        ratio[half_sector] = (weight * each).sum() / weight.sum()
        error[half_sector] = 1 / np.sqrt(weight.sum())
    return ratio, error


def _heights(run: LedRun) -> tuple[Floats, Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """Return pulse height, its relative uncertainty, and whether a tower is in the run, and doubtful."""
    frame = run.towers[run.towers["tower_id"] < HCAL_TOWERS]
    place = frame["tower_id"].to_numpy()
    usable = ~frame["status"].isin(UNUSABLE).to_numpy()
    mean = np.where(usable, frame["led_mean"], np.nan)
    height, error = np.full(HCAL_TOWERS, np.nan), np.full(HCAL_TOWERS, np.nan)
    height[place] = mean
    error[place] = frame["led_error"] / mean
    present, doubtful = np.zeros(HCAL_TOWERS, dtype=bool), np.zeros(HCAL_TOWERS, dtype=bool)
    present[place] = True
    doubtful[place] = frame["status"] != "ok"
    return height, error, present, doubtful
