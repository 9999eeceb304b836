"""Records of jobs as metrics of Prometheus."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import HistogramMetricFamily, Metric

from dsa_hcal_assets.daq.statistics.latency import LatencyHistogram, upper_end_of
from dsa_hcal_assets.daq.statistics.metrics import JobRecord
from dsa_hcal_assets.observability import catalogue

_BOUNDS_S = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""Upper bounds of the buckets shown: two a decade, of the fine ones counted."""


def record_metrics(records: Iterable[JobRecord]) -> Iterator[Metric]:
    """Yield the records as metrics; counters restart at 0 with a job's process."""
    messages, moved = catalogue.DAQ_MESSAGES.family({}), catalogue.DAQ_BYTES.family({})
    dropped, restarts = catalogue.DAQ_DROPPED.family({}), catalogue.DAQ_RESTARTS.family({})
    gaps, lost = catalogue.DAQ_GAPS.family({}), catalogue.DAQ_LOST.family({})
    queues, times = catalogue.DAQ_QUEUE.family({}), catalogue.DAQ_LATENCY
    latency = HistogramMetricFamily(times.name, times.text, labels=times.labels)
    for one in records:
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
