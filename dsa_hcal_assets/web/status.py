"""Where the platform stands, in numbers: read from PostgreSQL in one transaction.

Belongs here: the questions of `/api/status`. Not here: their form (`api.status`), and the numbers for
Prometheus (`web.metrics`), which are read part by part.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.alerts.newest import open_counts
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.quality.store import closed_gates
from dsa_hcal_assets.radio import group_states
from dsa_hcal_assets.radio.calibration.sets import CalibrationSet, State, count_by_state, newest_sets
from dsa_hcal_assets.radio.catalogues.group_calibrators import GroupCalibrator, calibrators_of
from dsa_hcal_assets.radio.group_states import GroupState
from dsa_hcal_assets.radio.quicklook import latency
from dsa_hcal_assets.radio.quicklook.latency import Latency

_LEDGER = "select source, accepted, loaded, quarantined, pending from platform.ledger_balance order by source"
# An index seek a kind finds its newest product: the years behind are not read.
_PRODUCTS = """
select made.kind, made.current,
       (select max(created_at) from platform.product where product.kind = made.kind)
  from (select kind, count(*) as current from platform.current_product group by kind) made
 order by made.kind
"""
# Counting every verdict of years would take longer than anybody waits.
_VERDICTS = """
select latest.level, count(*)
  from (select distinct on (product_id, stage, metric) product_id, lower(level) as level
          from platform.verdict where recorded_at > now() - interval '1 day'
         order by product_id, stage, metric, verdict_id desc) latest
  join platform.current_product using (product_id)
 group by latest.level
"""
_SNAPSHOT = "select max(cycle) from hcal.snapshot"
RECENT_GROUPS = 20
RECENT_SETS = 20


@dataclass(frozen=True)
class Status:
    """Numbers of one moment.

    Parameters
    ----------
    ledger
        Per source: accepted, loaded, quarantined, pending.
    groups
        Observation groups by state: collecting, pending, in progress, completed, failed.
    products
        Per kind: number of current products and when the newest was made.
    verdicts
        Verdicts of the last day that count on current products, by level; and `blocking_failed`, how many
        of any age close a gate.
    alerts
        Open alerts by severity.
    last_snapshot
        Start of the newest loaded detector cycle; None before the first.
    recent_groups
        The groups that got a subband last, newest first.
    quicklook
        How soon the last quick look was there; None before the first.
    calibrators
        Of each recent group, by its key: the calibrators in its beam.
    calibration_states
        Calibration sets by state.
    calibration_sets
        Those of the newest calibrators, newest first.
    """

    at: datetime
    ledger: dict[str, dict[str, int]]
    groups: dict[str, int]
    products: dict[str, dict[str, Any]]
    verdicts: dict[str, int]
    alerts: dict[str, int]
    last_snapshot: datetime | None
    recent_groups: list[GroupState] = field(default_factory=list)
    quicklook: Latency | None = None
    calibrators: dict[str, list[GroupCalibrator]] = field(default_factory=dict)
    calibration_states: dict[State, int] = field(default_factory=dict)
    calibration_sets: list[CalibrationSet] = field(default_factory=list)

    @property
    def snapshot_age_seconds(self) -> float | None:
        """Age of the newest detector cycle, s."""
        return None if self.last_snapshot is None else (self.at - self.last_snapshot).total_seconds()


def read_status(database: Database, recent: int = RECENT_GROUPS) -> Status:
    """Read all numbers as of one moment, with the `recent` groups that changed last.

    Raises
    ------
    DatabaseUnavailable
        If the database cannot be asked in time.
    """
    with database.transaction() as cursor:
        cursor.execute("set transaction isolation level repeatable read read only")
        ledger = {
            source: {"accepted": accepted, "loaded": loaded, "quarantined": quarantined, "pending": pending}
            for source, accepted, loaded, quarantined, pending in _all(cursor, _LEDGER)
        }
        products = {
            kind: {"current": count, "newest": newest} for kind, count, newest in _all(cursor, _PRODUCTS)
        }
        verdicts = {"pass": 0, "warn": 0, "fail": 0, "blocking_failed": 0}
        verdicts |= dict(_all(cursor, _VERDICTS))
        verdicts["blocking_failed"] = sum(closed_gates(cursor).values())
        groups = group_states.latest(cursor, limit=recent)
        return Status(
            at=utc_now(),
            ledger=ledger,
            groups=group_states.counts(cursor),
            products=products,
            verdicts=verdicts,
            alerts=open_counts(cursor),
            last_snapshot=_all(cursor, _SNAPSHOT)[0][0],
            recent_groups=groups,
            quicklook=latency.latest(cursor),
            calibrators=calibrators_of(cursor, [one.key for one in groups]),
            calibration_states=count_by_state(cursor),
            calibration_sets=newest_sets(cursor, limit=RECENT_SETS),
        )


def _all(cursor: Cursor, query: str) -> list[tuple[Any, ...]]:
    cursor.execute(query)
    return cursor.fetchall()
