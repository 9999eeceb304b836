"""Judge detector state, stage by stage: what checks, reports and the command line all call.

Belongs here: bringing metrics and limits together. Not here: measuring (quality_metrics.py,
rollup_metrics.py, anomalies/metrics.py) and storing verdicts on products (quality/store.py).
"""

from dataclasses import asdict
from datetime import datetime

from psycopg2.extras import Json

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal import quality_metrics
from dsa_hcal_assets.hcal.anomalies.metrics import anomaly_metrics
from dsa_hcal_assets.hcal.mapping.consistency import plausibility_metric
from dsa_hcal_assets.hcal.mapping.dimensions import map_in_use
from dsa_hcal_assets.hcal.rollup_metrics import rollup_metrics
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.quality.judging import judge
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.quality.verdicts import Verdict, worst

_STORE = "update hcal.snapshot set level = %s, verdicts = %s where cycle = %s"
_SHOWN = ("metric", "value", "level", "limit", "detail")


def judge_snapshots(database: Database, day: str, thresholds: Thresholds) -> dict[datetime, list[Verdict]]:
    """Judge every snapshot of a UTC day against stage `snapshot`; store level and verdicts.

    Returns
    -------
    dict
        Verdicts by cycle, in order of time.
    """
    judged = {
        cycle: judge("snapshot", metrics, thresholds)
        for cycle, metrics in quality_metrics.snapshot_metrics(database, day).items()
    }
    with database.transaction() as cursor:
        for cycle, verdicts in judged.items():
            cursor.execute(_STORE, (worst(verdicts).value, Json([_plain(one) for one in verdicts]), cycle))
    return judged


def judge_day(
    database: Database, ledger: Ledger, day: str, thresholds: Thresholds
) -> dict[str, list[Verdict]]:
    """Judge all that the tables and the ledger say of a UTC day, by stage in order of the pipeline."""
    allowed = quality_metrics.temperature_range(thresholds)
    measured = {
        "hcal_snapshots": [
            *quality_metrics.arrival_metrics(ledger, day),
            plausibility_metric(map_in_use(database), day),
        ],
        "tower_state": quality_metrics.tower_metrics(database, day, allowed),
        "board_state": quality_metrics.board_metrics(database, day),
        "half_sector_rollup": rollup_metrics(database, day, "half_sector_rollup"),
        "sector_rollup": rollup_metrics(database, day, "sector_rollup"),
        "detector_anomalies": anomaly_metrics(database, day),
    }
    return {stage: judge(stage, metrics, thresholds) for stage, metrics in measured.items()}


def _plain(verdict: Verdict) -> dict[str, object]:
    record = {name: value for name, value in asdict(verdict).items() if name in _SHOWN}
    # JSON has no NaN
    return record | {"value": None if verdict.value != verdict.value else verdict.value}
