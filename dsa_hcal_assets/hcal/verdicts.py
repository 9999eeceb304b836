"""Judge the snapshots of a day one by one and keep the result with each of them."""

from dataclasses import asdict
from datetime import datetime

from psycopg2.extras import Json

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.quality_metrics import snapshot_metrics
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
        for cycle, metrics in snapshot_metrics(database, day).items()
    }
    with database.transaction() as cursor:
        for cycle, verdicts in judged.items():
            cursor.execute(_STORE, (worst(verdicts).value, Json([_plain(one) for one in verdicts]), cycle))
    return judged


def _plain(verdict: Verdict) -> dict[str, object]:
    record = {name: value for name, value in asdict(verdict).items() if name in _SHOWN}
    # JSON has no NaN
    return record | {"value": None if verdict.value != verdict.value else verdict.value}
