"""A job's record says what really went through it, and survives the way through JSON."""

import json
import threading

import pytest

from dsa_hcal_assets.daq.messages.message import Kind, Message
from dsa_hcal_assets.daq.statistics.counters import OTHER_TOPICS, Direction
from dsa_hcal_assets.daq.statistics.metrics import MOST_ROUTES, BadRecord, JobMetrics, JobRecord
from dsa_hcal_assets.daq.statistics.prometheus import record_metrics

MILLISECOND = 1_000_000
SECOND = 1_000_000_000


def message(length, *, producer="pump 1/ä", topic="temperature", sequence=1, time_ns=0):
    return Message(topic, producer, 1, sequence, time_ns, Kind.RAW, memoryview(bytes(length)))


class Clock:
    def __init__(self):
        self.now = 0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def metrics(clock):
    return JobMetrics("hall", "store.csv", "csv", restarts=2, clock_ns=clock)


def test_bytes_are_the_payloads_own_lengths_by_route(metrics, clock):
    clock.now = 5 * SECOND
    metrics.received([message(100), message(28), message(1000, topic="frame")])
    metrics.sent("written", 16)

    counters = metrics.record().counters

    assert {(one.route.topic, one.traffic.messages, one.traffic.bytes) for one in counters.routes} == {
        ("temperature", 2, 128),
        ("frame", 1, 1000),
        ("written", 1, 16),
    }
    received = counters.total(Direction.IN)
    assert (received.messages, received.bytes, received.last_ns) == (3, 1128, 5 * SECOND)


def test_latency_is_from_send_to_receiving(metrics, clock):
    clock.now = 10 * MILLISECOND
    metrics.received([message(1, time_ns=9 * MILLISECOND), message(1, time_ns=7 * MILLISECOND)])

    latency = metrics.record().counters.latency

    assert (latency.count, latency.mean_ns, latency.max_ns) == (2, 2.0 * MILLISECOND, 3 * MILLISECOND)


def test_a_record_does_not_change_with_what_is_counted_later(metrics):
    metrics.received([message(1)])
    before = metrics.record()
    metrics.received([message(1)])

    assert before.counters.total(Direction.IN).messages == 1
    assert before.counters.latency.count == 1


def test_a_record_survives_json(metrics, clock):
    clock.now = SECOND
    metrics.received([message(64), message(64, topic="a.b")])
    metrics.dropped(4)
    metrics.missed("pump 1/ä", 3)
    metrics.lost("pump 1/ä", 2)
    metrics.queued("pump 1/ä", 17)
    record = metrics.record()

    back = JobRecord.from_record(json.loads(json.dumps(metrics.as_record())))

    assert back == record
    assert (back.restarts, back.counters.dropped, back.counters.gaps, back.lost, back.queues) == (
        2, 4, {"pump 1/ä": 3}, {"pump 1/ä": 2}, {"pump 1/ä": 17},
    )  # fmt: skip


@pytest.mark.parametrize("value", [None, [], {"supervisor": "hall"}, {"job": 1}, "text"])
def test_what_is_no_record_is_refused_by_name(value):
    with pytest.raises(BadRecord, match="record of a job"):
        JobRecord.from_record(value)


def test_endless_topics_are_counted_together_after_a_bound(metrics):
    for number in range(MOST_ROUTES + 50):
        metrics.sent(f"topic {number}", 2)

    record = metrics.record()

    assert len(record.counters.routes) == MOST_ROUTES + 1
    others = next(one.traffic for one in record.counters.routes if one.route.topic == OTHER_TOPICS)
    assert (others.messages, others.bytes) == (50, 100)
    assert record.counters.total(Direction.OUT).messages == MOST_ROUTES + 50


def test_threads_that_count_at_once_lose_no_count(metrics):
    threads = [threading.Thread(target=lambda: [metrics.sent("t", 3) for _ in range(5000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    out = metrics.record().counters.total(Direction.OUT)
    assert (out.messages, out.bytes) == (20_000, 60_000)


def test_metrics_tell_two_jobs_of_one_type_apart(clock):
    first, second = JobMetrics("hall", 'a"b\\', "csv", clock_ns=clock), JobMetrics("hall", "b", "csv")
    clock.now = 2 * MILLISECOND
    first.received([message(10, time_ns=0)])
    second.sent("t", 5)
    first.queued("pump", 3)

    families = {family.name: family.samples for family in record_metrics([first.record(), second.record()])}

    moved = {sample.labels["job"]: sample.value for sample in families["dsa_hcal_daq_bytes"]}
    assert moved == {'a"b\\': 10.0, "b": 5.0}
    buckets = {
        float(sample.labels["le"]): sample.value
        for sample in families["dsa_hcal_daq_latency_seconds"]
        if sample.name.endswith("_bucket") and sample.labels["job"] == 'a"b\\'
    }
    assert (buckets[1e-3], buckets[3e-3], buckets[float("inf")]) == (0, 1, 1)
    assert families["dsa_hcal_daq_queue"][0].value == 3
