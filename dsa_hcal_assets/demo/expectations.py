"""Which products the demo has to end with, and how far each of them is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.demo.inputs import Dropped

RADIO = (
    "uvh5_group",
    "measurement_set",
    "flags",
    "calibration_tables",
    "calibrated_ms",
    "continuum_image",
    "radio_qa_report",
)
HCAL = (
    "hcal_snapshots",
    "tower_state",
    "board_state",
    "half_sector_rollup",
    "sector_rollup",
    "detector_anomalies",
    "detector_qa_report",
)
RIG = ("rig_readings", "rig_clean", "rig_kpis")

_STANDING = """
select current.product_id,
       count(verdict.level) > 0 as judged,
       coalesce(bool_or(verdict.level = 'fail' and verdict.blocking), false) as closed,
       coalesce(bool_or(verdict.level <> 'pass'), false) as warned
  from platform.current_product as current
  left join platform.latest_verdict as verdict using (product_id)
 where current.kind = %s and current.partition = %s
 group by current.product_id
"""


class Standing(StrEnum):
    """How far a product is."""

    MISSING = "missing"
    JUDGING = "judging"
    BLOCKED = "blocked"
    WARNING = "warning"
    PASSED = "passed"

    @property
    def good(self) -> bool:
        """Whether downstream may use it."""
        return self in (Standing.PASSED, Standing.WARNING)


@dataclass(frozen=True)
class Seen:
    """An expected product as it stands."""

    kind: str
    partition: str
    standing: Standing
    product_id: int | None = None


def expected(dropped: Dropped, detector_day: str) -> list[tuple[str, str]]:
    """Return (kind, partition) of every product the demo must make."""
    return [
        *((kind, key) for key in (dropped.vla_group, dropped.dsa_group) for kind in RADIO),
        *((kind, detector_day) for kind in HCAL),
        *((kind, dropped.rig_day) for kind in RIG),
    ]


def look(database: Database, wanted: Iterable[tuple[str, str]]) -> list[Seen]:
    """Return how far each wanted product is."""
    return [_standing(kind, key, database.rows(_STANDING, (kind, key))) for kind, key in wanted]


def _standing(kind: str, partition: str, rows: Sequence[tuple[int, bool, bool, bool]]) -> Seen:
    if not rows:
        return Seen(kind, partition, Standing.MISSING)
    product_id, judged, closed, warned = rows[0]
    if closed:
        standing = Standing.BLOCKED
    elif not judged:
        standing = Standing.JUDGING
    else:
        standing = Standing.WARNING if warned else Standing.PASSED
    return Seen(kind, partition, standing, product_id)
