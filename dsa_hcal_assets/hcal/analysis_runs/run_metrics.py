"""Numbers that say whether an LED or pedestal run can be trusted, and their pictures.

Belongs here: measuring. Not here: limits (quality/thresholds.toml, stages `led_runs` and
`pedestal_runs`).
"""

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd

from dsa_hcal_assets.hcal import maps
from dsa_hcal_assets.hcal.analysis_runs.analysis import AnalysedRun
from dsa_hcal_assets.hcal.analysis_runs.detectors import LABELS, detector_of
from dsa_hcal_assets.hcal.mapping.geometry import (
    EMCAL_TOWERS,
    HCAL_TOWERS,
    TOWERS_PER_DETECTOR,
    Detector,
    tower_name,
    towers,
)
from dsa_hcal_assets.hcal.maps import Quantity
from dsa_hcal_assets.quality import figures
from dsa_hcal_assets.quality.report import Figure
from dsa_hcal_assets.quality.verdicts import Metric

PULSE_HEIGHT = Quantity("led_mean", "LED pulse height", "ADC counts", "viridis", 50.0)
NOISE = Quantity("pedestal_std", "Pedestal noise", "ADC counts", "magma", 0.5)
_TOWERS = (TOWERS_PER_DETECTOR, TOWERS_PER_DETECTOR, EMCAL_TOWERS)
_NAMED = 8  # at most so many towers in one detail


def led_metrics(run: AnalysedRun) -> list[Metric]:
    """Return the metrics of stage `led_runs`."""
    frame = run.towers
    good = frame[frame["status"] == "ok"]
    precision = good["led_error"] / good["led_mean"]
    hcal = frame["tower_id"] < HCAL_TOWERS
    lit = frame.loc[hcal, "light"].notna()
    return [
        *_common(run),
        _share(frame, "saturated"),
        Metric("pulse_height", _median(good["led_mean"]), "median of the good towers"),
        Metric("precision", _median(precision), "median of the good towers"),
        Metric(
            "light_coverage",
            float(lit.mean()) if len(lit) else math.nan,
            f"{int(lit.sum())} of {len(lit)} towers" if len(lit) else "no tower of the HCal",
        ),
        Metric("outliers", float(frame["outliers"].mean())),
    ]


def pedestal_metrics(run: AnalysedRun) -> list[Metric]:
    """Return the metrics of stage `pedestal_runs`."""
    good = run.towers[run.towers["status"] == "ok"]
    return [
        *_common(run),
        Metric("pedestal_lowest", _extreme(good["pedestal_mean"], "min")),
        Metric("pedestal_highest", _extreme(good["pedestal_mean"], "max")),
        Metric("noise", _median(good["pedestal_std"]), "median of the good towers"),
    ]


def metrics(run: AnalysedRun) -> list[Metric]:
    """Return the metrics of the run's own stage."""
    return led_metrics(run) if run.kind == "led" else pedestal_metrics(run)


def stage(run: AnalysedRun) -> str:
    """Return the stage a run is judged as: `led_runs` or `pedestal_runs`."""
    return f"{run.kind}_runs"


def pictures(run: AnalysedRun) -> list[Figure]:
    """Return eta-phi maps of the quantity of the run, one of each HCal detector it has."""
    quantity = PULSE_HEIGHT if run.kind == "led" else NOISE
    frame = run.towers[run.towers["tower_id"] < HCAL_TOWERS]
    known, number = towers(), frame["tower_id"].to_numpy()
    placed = frame.assign(detector=known.detector[number], ieta=known.ieta[number], iphi=known.iphi[number])
    return [
        Figure(
            f"{detector.label}: {quantity.label} by tower, eta against phi",
            figures.png(maps.eta_phi_map(placed, detector, quantity)),
        )
        for detector in Detector
        if (placed["detector"] == detector).any()
    ]


def _common(run: AnalysedRun) -> list[Metric]:
    frame = run.towers
    detectors = np.unique(detector_of(frame["tower_id"].to_numpy()))
    expected = sum(_TOWERS[number] for number in detectors)
    named = " and ".join(LABELS[number] for number in detectors)
    return [
        Metric("coverage", len(frame) / expected, f"{len(frame)} of {expected} towers of {named}"),
        Metric("files_refused", len(run.refused), "; ".join(run.refused)),
        Metric("events", run.events),
        _share(frame, "dead"),
        _share(frame, "noisy"),
        _share(frame, "unstable"),
    ]


def _share(frame: pd.DataFrame, status: str) -> Metric:
    chosen = frame.loc[frame["status"] == status, "tower_id"]
    return Metric(status, len(chosen) / len(frame), _names(int(one) for one in chosen))


def _names(tower_ids: Iterable[int]) -> str:
    found = [
        tower_name(one) if one < HCAL_TOWERS else f"EMCal {one - HCAL_TOWERS}" for one in sorted(tower_ids)
    ]
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(found[:_NAMED]) + more


def _median(values: "pd.Series[float]") -> float:
    return float(values.median()) if len(values) else math.nan


def _extreme(values: "pd.Series[float]", which: str) -> float:
    return float(values.agg(which)) if len(values) else math.nan
