"""The status as Prometheus metrics, read from the database at each scrape."""

import logging
import time
from collections.abc import Iterator

import psycopg2
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import DatabaseUnavailable
from dsa_hcal_assets.web.status import Status, read_status

logger = logging.getLogger(__name__)


class StatusCollector(Collector):
    """Collects `Status`; without the database only `dsa_hcal_database_up 0` is there to see.

    A gauge that is absent is not zero: alerts on absent or old data work, and an outage is not
    mistaken for an empty ledger.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> list[Metric]:
        """Return nothing, so that registering does not ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics of this moment."""
        started = time.monotonic()
        try:
            status = read_status(self._database)
        except (DatabaseUnavailable, psycopg2.Error) as error:
            logger.warning("no status for the metrics: %s", error)
            yield GaugeMetricFamily("dsa_hcal_database_up", "1 when the database answers", value=0)
            return
        yield GaugeMetricFamily("dsa_hcal_database_up", "1 when the database answers", value=1)
        yield GaugeMetricFamily(
            "dsa_hcal_status_read_seconds",
            "Time it took to read the status",
            value=time.monotonic() - started,
        )
        yield from _families(status)


def _families(status: Status) -> Iterator[Metric]:
    arrivals = GaugeMetricFamily("dsa_hcal_arrivals", "Accepted inputs by state", labels=["source", "state"])
    for source, counts in status.ledger.items():
        for state in ("loaded", "quarantined", "pending"):
            arrivals.add_metric([source, state], counts[state])
    yield arrivals
    yield _labelled("dsa_hcal_observation_groups", "Observation groups by state", "state", status.groups)
    yield _labelled(
        "dsa_hcal_products",
        "Current products",
        "kind",
        {kind: values["current"] for kind, values in status.products.items()},
    )
    yield _labelled(
        "dsa_hcal_product_newest_timestamp_seconds",
        "When the newest current product was made (Unix time)",
        "kind",
        {kind: values["newest"].timestamp() for kind, values in status.products.items()},
    )
    levels = {level: count for level, count in status.verdicts.items() if level != "blocking_failed"}
    yield _labelled("dsa_hcal_verdicts", "Verdicts on current products", "level", levels)
    yield GaugeMetricFamily(
        "dsa_hcal_blocking_checks_failed",
        "Failed blocking checks on current products",
        value=status.verdicts["blocking_failed"],
    )
    yield _labelled("dsa_hcal_open_alerts", "Open alerts", "severity", status.alerts)
    if status.snapshot_age_seconds is not None:
        yield GaugeMetricFamily(
            "dsa_hcal_last_snapshot_age_seconds",
            "Age of the newest detector snapshot",
            value=status.snapshot_age_seconds,
        )
    if status.quicklook is not None:
        yield _labelled(
            "dsa_hcal_quicklook_latency_seconds",
            "Last quick look: time from the landing of the last subband to each stage",
            "stage",
            status.quicklook.since_landing,
        )
        yield GaugeMetricFamily(
            "dsa_hcal_quicklook_timestamp_seconds",
            "When the last quick look was judged (Unix time)",
            value=status.quicklook.judged_at.timestamp(),
        )


def _labelled(name: str, text: str, label: str, values: dict[str, int] | dict[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
