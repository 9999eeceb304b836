"""What arrived, which products there are, what was judged, which alerts are open."""

from collections.abc import Iterator

from prometheus_client import Counter
from prometheus_client.core import Metric

from dsa_hcal_assets.alerts.newest import open_counts
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.observability import catalogue
from dsa_hcal_assets.observability.fresh_rows import FreshRows
from dsa_hcal_assets.quality.store import closed_gates

_LEDGER = "select source, loaded, quarantined, pending from platform.ledger_balance"
# One index seek a kind finds the next kind, one its newest product: the years behind are not read.
_PRODUCTS = """
with recursive kind (name) as (
    select min(kind) from platform.product
    union all
    select (select min(kind) from platform.product where kind > name) from kind where name is not null
)
select name, (select count(*) from platform.current_product where kind = name),
       (select extract(epoch from max(created_at)) from platform.product where kind = name)
  from kind where name is not null
"""
_VERDICTS = "select verdict_id, stage, lower(level) from platform.verdict where recorded_at > %s"


def custody_metrics(database: Database) -> Iterator[Metric]:
    """Yield what the ledger and the product tree hold, and which gates are closed; a year makes this dear."""
    yield catalogue.ARRIVALS.family(
        {
            (source, state): count
            for source, *counts in database.rows(_LEDGER)
            for state, count in zip(("loaded", "quarantined", "pending"), counts, strict=True)
        }
    )
    products = database.rows(_PRODUCTS)
    yield catalogue.PRODUCTS.family({(kind,): count for kind, count, _ in products})
    yield catalogue.PRODUCT_TIME.family({(kind,): newest for kind, _, newest in products})
    with database.transaction() as cursor:
        closed = closed_gates(cursor)
    yield catalogue.CLOSED_GATES.family({(stage,): count for stage, count in closed.items()})


class QualityMetrics:
    """Verdicts since it was made, and alerts that are open."""

    def __init__(self) -> None:
        self._fresh = FreshRows(_VERDICTS)
        verdicts = catalogue.VERDICTS
        self._verdicts = Counter(verdicts.name, verdicts.text, verdicts.labels, registry=None)

    def read(self, database: Database) -> Iterator[Metric]:
        """Yield the metrics."""
        for _, stage, level in self._fresh.read(database):
            self._verdicts.labels(stage, level).inc()
        yield from self._verdicts.collect()
        with database.transaction() as cursor:
            alerts = open_counts(cursor)
        yield catalogue.OPEN_ALERTS.family({(severity,): count for severity, count in alerts.items()})
