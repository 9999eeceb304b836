"""Which readings count, how unusual each is, and which raise an alert.

Belongs here: the rig's rules on one table of readings. Not here: files, database, daily figures.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dsa_hcal_assets.quality.statistics import zscores
from dsa_hcal_assets.rig.readings import COLUMNS, QUANTITIES
from dsa_hcal_assets.settings.rig import RigSettings

TEMPERATURE_RANGE = (0.0, 150.0)  # deg C
PRESSURE_RANGE = (800.0, 1200.0)  # kPa
NONE, YELLOW, RED = "none", "yellow", "red"
PROCESSED_COLUMNS = (
    *COLUMNS,
    "temperature_zscore",
    "pressure_zscore",
    "temperature_alert",
    "pressure_alert",
)


@dataclass(frozen=True)
class CleanResult:
    """Cleaned readings and what became of the others.

    Parameters
    ----------
    frame
        Columns `PROCESSED_COLUMNS`, ordered by time, one row a time stamp.
    total
        Rows delivered; ``total == len(frame) + nulls + out_of_range + duplicates``.
    nulls, out_of_range, duplicates
        Rows dropped for a missing value; for a temperature or pressure outside the physical range;
        because an earlier delivered good row has the same time stamp.
    """

    frame: pd.DataFrame
    total: int
    nulls: int
    out_of_range: int
    duplicates: int

    @property
    def kept(self) -> int:
        """Rows that survived."""
        return len(self.frame)

    @property
    def kept_fraction(self) -> float:
        """Share of the delivered rows that survived; NaN when none was delivered."""
        return self.kept / self.total if self.total else float("nan")


def clean(frame: pd.DataFrame, settings: RigSettings) -> CleanResult:
    """Clean the readings of one day and mark what is unusual.

    In this order: rows with a missing value go; rows outside ``0 <= T <= 150`` deg C or
    ``800 <= P <= 1200`` kPa go; of rows with one time stamp the first delivered stays. Scores and
    alerts are computed on what is left.

    Parameters
    ----------
    frame
        Columns timestamp (UTC), temperature (deg C), pressure (kPa), uptime (h), in the order of
        delivery; it is not changed.
    settings
        Thresholds of the alerts.
    """
    known = frame[list(COLUMNS)].dropna()
    physical = known[
        known["temperature"].between(*TEMPERATURE_RANGE) & known["pressure"].between(*PRESSURE_RANGE)
    ]
    unique = physical.drop_duplicates("timestamp", keep="first")
    kept = unique.sort_values("timestamp", kind="stable", ignore_index=True)
    return CleanResult(
        frame=_with_alerts(kept, settings),
        total=len(frame),
        nulls=len(frame) - len(known),
        out_of_range=len(known) - len(physical),
        duplicates=len(physical) - len(unique),
    )


def _with_alerts(kept: pd.DataFrame, settings: RigSettings) -> pd.DataFrame:
    frame = kept.astype(dict.fromkeys(QUANTITIES, "float64"))
    frame["temperature_zscore"] = zscores(frame["temperature"])
    frame["pressure_zscore"] = zscores(frame["pressure"])
    temperature_score = frame["temperature_zscore"].abs()
    pressure_score = frame["pressure_zscore"].abs()
    hot = (temperature_score > settings.temperature_zscore) | (
        frame["temperature"] > settings.temperature_high
    )
    high = (pressure_score > settings.pressure_zscore) | (frame["pressure"] > settings.pressure_high)
    unusual = pressure_score > settings.pressure_zscore_yellow
    frame["temperature_alert"] = np.where(hot, RED, NONE)
    frame["pressure_alert"] = np.select([high, unusual], [RED, YELLOW], NONE)
    return frame[list(PROCESSED_COLUMNS)]
