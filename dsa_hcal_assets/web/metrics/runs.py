"""What waits and runs, and how long stages take."""

from collections.abc import Iterator

from prometheus_client import Histogram
from prometheus_client.core import Metric

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.observability import catalogue
from dsa_hcal_assets.observability.metric import MetricName
from dsa_hcal_assets.observability.stage_times import NewStageTimes
from dsa_hcal_assets.radio.realtime import first_completions

_QUEUE = "select lower(status), runs, oldest from platform.run_queue()"
# s: from a table of a detector day to a deep image of a group, and as far as what waited through a night
_BUCKETS = (0.3, 1, 3, 10, 20, 30, 60, 100, 150, 200, 309, 600, 1800, 3600, 14400, 43200)


class RunMetrics:
    """Dagster's queue, and how long stages took since it was made."""

    def __init__(self) -> None:
        self._stage_times = NewStageTimes()
        self._stages = _histogram(catalogue.STAGE_SECONDS)
        self._latency = _histogram(catalogue.GROUP_LATENCY)

    def read(self, database: Database) -> Iterator[Metric]:
        """Yield the metrics."""
        now, queue = utc_now(), database.rows(_QUEUE)
        yield catalogue.RUNS.family({(status,): runs for status, runs, _ in queue})
        yield catalogue.RUN_AGE.family(
            {(status,): (now - oldest).total_seconds() for status, _, oldest in queue}
        )
        self._observe(database)
        yield from self._stages.collect()
        yield from self._latency.collect()

    def _observe(self, database: Database) -> None:
        fresh = {one.stage_time_id: one for one in self._stage_times.read(database)}
        for one in fresh.values():
            self._stages.labels(one.stage, one.outcome).observe(one.seconds)
        for number, completed_at in first_completions(database, list(fresh)).items():
            one = fresh[number]
            self._latency.labels(one.stage).observe((one.ended_at - completed_at).total_seconds())


def _histogram(name: MetricName) -> Histogram:
    return Histogram(name.name, name.text, name.labels, registry=None, buckets=_BUCKETS)
