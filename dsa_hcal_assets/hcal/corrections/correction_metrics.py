"""Numbers that say whether the corrections of a day can be trusted, and their pictures.

Belongs here: measuring. Not here: limits (quality/thresholds.toml, stage `gain_corrections`).
"""

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal import maps
from dsa_hcal_assets.hcal.corrections.combining import Status
from dsa_hcal_assets.hcal.corrections.correcting import CorrectedDay
from dsa_hcal_assets.hcal.mapping.geometry import HCAL_TOWERS, Detector, towers
from dsa_hcal_assets.hcal.maps import Quantity
from dsa_hcal_assets.quality import figures
from dsa_hcal_assets.quality.report import Figure
from dsa_hcal_assets.quality.verdicts import Metric

CORRECTION = Quantity("gain", "Gain correction", "1", "coolwarm", 0.01)
_UNUSABLE = (
    "select count(distinct tower_id) from hcal.bad_channel where severity = 2 and validity && %s::tstzrange"
)


def correction_metrics(database: Database, made: CorrectedDay) -> list[Metric]:
    """Return the metrics of stage `gain_corrections`: shares are of all towers and intervals."""
    rows = made.rows
    known = rows["gain"].notna()
    status = rows["status"].to_numpy()
    good = rows[known]
    start, end = rows["valid_from"].min(), rows["valid_until"].max()
    [(unusable,)] = database.rows(_UNUSABLE, (f"[{start.isoformat()},{end.isoformat()})",))
    return [
        Metric("coverage", float(known.mean()), f"{int(known.sum())} of {len(rows)} towers x intervals"),
        _share("without_led", status, Status.NO_LED),
        _share("without_temperature", status, Status.NO_TEMPERATURE),
        _share("temperature_borrowed", status, Status.TEMPERATURE_BORROWED),
        _share("without_diode", status, Status.NO_DIODE),
        _share("run_too_old", status, Status.RUN_TOO_OLD),
        _share("not_sane", status, Status.NOT_SANE),
        Metric("precision", _median(good["gain_error"] / good["gain"])),
        Metric("typical_gain", _median(good["gain"])),
        Metric("scatter", _scatter(good["gain"].to_numpy(dtype=np.float64))),
        Metric("bad_channels", unusable / HCAL_TOWERS, f"{unusable} towers not usable"),
    ]


def pictures(made: CorrectedDay) -> list[Figure]:
    """Return eta-phi maps of the corrections of the day's last interval."""
    last = made.rows[made.rows["valid_from"] == made.rows["valid_from"].max()]
    known, number = towers(), last["tower_id"].to_numpy()
    placed = last.assign(detector=known.detector[number], ieta=known.ieta[number], iphi=known.iphi[number])
    return [
        Figure(
            f"{detector.label}: gain correction of the day's last interval by tower, eta against phi",
            figures.png(maps.eta_phi_map(placed, detector, CORRECTION)),
        )
        for detector in Detector
    ]


def _share(name: str, status: NDArray[np.integer], flag: Status) -> Metric:
    return Metric(name, float(np.mean((status & int(flag)) > 0)))


def _median(values: "pd.Series[float]") -> float:
    return float(values.median()) if len(values) else math.nan


def _scatter(values: NDArray[np.float64]) -> float:
    """Return half of what the central 68 % span: as a standard deviation, but blind to single towers."""
    if not len(values):
        return math.nan
    low, high = np.percentile(values, [16, 84])
    return float(high - low) / 2
