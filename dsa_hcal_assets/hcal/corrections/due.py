"""Which days should have their corrections made: over, good, and not corrected since they last changed.

It is read from the tables alone, so whoever asks after a crash finds the same days.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import PlatformError
from dsa_hcal_assets.products import ProductStore

GATE = "detector_anomalies"  # the product that says whether a day may be built on
LOOK_BACK = timedelta(days=14)  # older days are corrected when somebody asks for them
AFTER = timedelta(minutes=30)  # the end of a day, for its last snapshots
# An LED run changes the corrections of days it is near to.
_CANDIDATES = """
with day as (
    select p.partition as day, p.product_id, p.created_at,
           p.partition::date::timestamp at time zone 'UTC' as start
    from platform.current_product c join platform.product p using (product_id)
    where c.kind = %(gate)s and c.partition >= %(first)s and c.partition < %(last)s
), source as (
    select day, product_id, created_at, (
        select max(analysed_at) from hcal.analysis_run
        where kind = 'led' and level in ('pass', 'warn')
          and started_at between start - interval '1 day' and start + interval '2 days'
    ) as analysed_at
    from day
)
select day, product_id, analysed_at from source
where exists (select from hcal.analysis_run where kind = 'led' and level in ('pass', 'warn'))
  and greatest(created_at, analysed_at) > coalesce(
      (select max(made_at) from hcal.correction_set s where s.day = source.day::date), '-infinity')
order by day
"""


@dataclass(frozen=True)
class DueDay:
    """A UTC day whose corrections are missing or old; `version` changes with what they are made from."""

    day: str
    version: str
    note: str


def due_days(database: Database, products: ProductStore, now: datetime) -> list[DueDay]:
    """Return the days that ended a while before `now`, passed their gate and are not corrected since."""
    wanted = {
        "gate": GATE,
        "first": (now - LOOK_BACK).date().isoformat(),
        "last": (now - AFTER).date().isoformat(),
    }
    rows = database.rows(_CANDIDATES, wanted)
    return [
        DueDay(day, f"{product_id} {analysed_at}", f"state of the day: product {product_id}")
        for day, product_id, analysed_at in rows
        if _passed(products, day)
    ]


def _passed(products: ProductStore, day: str) -> bool:
    try:
        products.require_passed(GATE, day)
    except PlatformError as error:
        if error.transient:
            raise
        return False
    return True
