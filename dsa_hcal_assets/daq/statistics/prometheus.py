"""Records of jobs as text for Prometheus."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from dsa_hcal_assets.daq.statistics.latency import LatencyHistogram, upper_end_of
from dsa_hcal_assets.daq.statistics.metrics import JobRecord

_JOB = ("supervisor", "job", "type")
_BOUNDS_S = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""Upper bounds of the buckets shown: two a decade, of the fine ones counted."""


def prometheus_text(records: Iterable[JobRecord]) -> str:
    """Return the records in Prometheus' text format; counters restart at 0 with a job's process."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Records(tuple(records)))
    return generate_latest(registry).decode()


class _Records(Collector):
    def __init__(self, records: tuple[JobRecord, ...]) -> None:
        self._records = records

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        route = (*_JOB, "direction", "producer", "topic")
        messages = CounterMetricFamily("dsa_hcal_daq_messages", "Messages, by route", labels=route)
        moved = CounterMetricFamily("dsa_hcal_daq_bytes", "Payload bytes, by route", labels=route)
        dropped = CounterMetricFamily(
            "dsa_hcal_daq_dropped", "Live messages the broker could not take", labels=_JOB
        )
        gaps = CounterMetricFamily(
            "dsa_hcal_daq_gaps", "Live messages missed, by producer", labels=(*_JOB, "producer")
        )
        lost = CounterMetricFamily(
            "dsa_hcal_daq_lost", "Kept messages missed, by producer", labels=(*_JOB, "producer")
        )
        restarts = CounterMetricFamily("dsa_hcal_daq_restarts", "Starts after the first", labels=_JOB)
        queues = GaugeMetricFamily("dsa_hcal_daq_queue", "Messages waiting", labels=(*_JOB, "queue"))
        latency = HistogramMetricFamily(
            "dsa_hcal_daq_latency_seconds", "From send to the consumer", labels=_JOB
        )
        for one in self._records:
            job = (one.supervisor, one.job, one.job_type)
            for entry in one.counters.routes:
                labels = (*job, entry.route.direction.value, entry.route.producer, entry.route.topic)
                messages.add_metric(labels, entry.traffic.messages)
                moved.add_metric(labels, entry.traffic.bytes)
            dropped.add_metric(job, one.counters.dropped)
            restarts.add_metric(job, one.restarts)
            for family, values in ((gaps, one.counters.gaps), (lost, one.lost), (queues, one.queues)):
                for name, value in values.items():
                    family.add_metric((*job, name), value)
            histogram = one.counters.latency
            latency.add_metric(job, _cumulative(histogram), sum_value=histogram.sum_ns / 1e9)
        yield from (messages, moved, dropped, gaps, lost, restarts, queues, latency)


def _cumulative(histogram: LatencyHistogram) -> list[tuple[str, int]]:
    """Return, for each bound, how many latencies are surely not above it."""
    counts = [
        (str(bound), sum(n for bucket, n in histogram.buckets.items() if upper_end_of(bucket) <= bound * 1e9))
        for bound in _BOUNDS_S
    ]
    return [*counts, ("+Inf", histogram.count)]
