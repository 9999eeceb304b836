"""Mean temperature and bias of every tower over a time, from slow control.

A tower without readings takes the temperature of its half-sector, whose towers differ by tenths of
a deg C; that difference is then its uncertainty.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.mapping.geometry import HALF_SECTORS, HCAL_TOWERS, towers
from dsa_hcal_assets.settings.corrections import CorrectionSettings

Floats = NDArray[np.float64]

_MEANS = """
select tower_id, count(temperature), avg(temperature), stddev_samp(temperature),
       avg(abs(bias) + coalesce(bias_offset, 0) * %(volts)s)
from hcal.tower_reading where ts >= %(start)s and ts < %(end)s group by tower_id
"""
LEAST_TOWERS = 4  # of a half-sector with readings, for its mean to stand for another tower


@dataclass(frozen=True, eq=False)
class TowerMeans:
    """Means over one time; arrays [3072] in order of `tower_id`, NaN where there is none.

    Parameters
    ----------
    temperature, temperature_error
        deg C.
    temperature_spread
        Standard deviation of the readings in time, deg C.
    bias
        Bias of the half-sector with the tower's own offset, V.
    borrowed
        Whether the temperature is that of the half-sector.
    """

    temperature: Floats
    temperature_error: Floats
    temperature_spread: Floats
    bias: Floats
    borrowed: NDArray[np.bool_]


def tower_means(
    database: Database, start: datetime, end: datetime, settings: CorrectionSettings
) -> TowerMeans:
    """Return the means over [start, end)."""
    table = np.full((HCAL_TOWERS, 4), np.nan)
    parameters = {"start": start, "end": end, "volts": settings.volts_per_offset}
    for tower_id, *values in database.rows(_MEANS, parameters):
        table[tower_id] = [np.nan if value is None else value for value in values]
    count, mean, spread, bias = table.T
    read = count > 0
    spread = np.where(read & np.isnan(spread), 0.0, spread)  # of a single reading
    # not the spread: it is mostly that the temperature changed, which the mean of regular readings follows
    noise = settings.temperature_noise / np.sqrt(np.where(read, count, 1))
    error = np.hypot(noise, settings.temperature_error)
    return _with_neighbours(mean, error, spread, bias, read)


def _with_neighbours(
    mean: Floats, error: Floats, spread: Floats, bias: Floats, read: NDArray[np.bool_]
) -> TowerMeans:
    half_sector = towers().half_sector
    count = np.bincount(half_sector[read], minlength=HALF_SECTORS)
    with np.errstate(divide="ignore", invalid="ignore"):
        average = np.bincount(half_sector[read], mean[read], HALF_SECTORS) / count
        square = np.bincount(half_sector[read], (mean - average[half_sector])[read] ** 2, HALF_SECTORS)
        scatter = np.sqrt(square / (count - 1))
        in_time = np.bincount(half_sector[read], spread[read], HALF_SECTORS) / count
    borrowed = ~read & (count >= LEAST_TOWERS)[half_sector]
    return TowerMeans(
        np.where(borrowed, average[half_sector], mean),
        np.where(borrowed, scatter[half_sector], error),
        np.where(borrowed, in_time[half_sector], spread),
        bias,
        borrowed,
    )
