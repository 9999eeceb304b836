"""The tables tell instances apart, go on over restarts, and know what is no longer alive."""

import pytest

from dsa_hcal_assets.daq.messages.message import Kind, Message
from dsa_hcal_assets.daq.statistics.metrics import JobMetrics
from dsa_hcal_assets.daq.statistics.tables import ALIVE_SECONDS, FORGOTTEN_SECONDS, SILENT_SECONDS, Statistics

SECOND = 1_000_000_000


class Clock:
    """Both clocks of a simulated machine."""

    def __init__(self):
        self.seconds = 1000.0

    def monotonic(self):
        return self.seconds

    def utc_ns(self):
        return int(self.seconds * SECOND)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def statistics(clock):
    return Statistics(clock.monotonic)


@pytest.fixture
def job(clock):
    def job(name, supervisor="hall", restarts=0):
        return JobMetrics(supervisor, name, "noise", restarts=restarts, clock_ns=clock.utc_ns)

    return job


def old(length, clock, seconds):
    return Message(
        "t", "p", 1, 1, clock.utc_ns() - int(seconds * SECOND), Kind.RAW, memoryview(bytes(length))
    )


def test_two_instances_of_one_type_have_a_row_each(statistics, job):
    first, second = job("noise 1"), job("noise 2")
    first.sent("t", 10)
    second.sent("t", 500)
    for metrics in (first, second):
        statistics.take(metrics.record())

    assert [(row["job"], row["out_bytes"]) for row in statistics.job_rows()] == [
        ("noise 1", 10),
        ("noise 2", 500),
    ]


def test_one_id_under_two_supervisors_is_two_jobs(statistics, job):
    statistics.take(job("noise", "hall").record())
    statistics.take(job("noise", "dome").record())

    assert [row["supervisor"] for row in statistics.job_rows()] == ["dome", "hall"]
    assert [(row["supervisor"], row["jobs"]) for row in statistics.supervisor_rows()] == [
        ("dome", 1),
        ("hall", 1),
    ]


def test_totals_go_on_when_a_job_is_started_again(statistics, job, clock):
    before = job("noise")
    for _ in range(3):
        before.sent("t", 100)
    statistics.take(before.record())
    clock.seconds += 5
    after = job("noise", restarts=1)
    after.sent("t", 7)
    statistics.take(after.record())

    (row,) = statistics.job_rows()

    assert (row["out_messages"], row["out_bytes"], row["restarts"]) == (4, 307, 1)


def test_a_record_that_comes_late_changes_nothing(statistics, job, clock):
    metrics = job("noise")
    late = metrics.record()
    clock.seconds += 1
    metrics.sent("t", 100)
    statistics.take(metrics.record())
    statistics.take(late)

    assert statistics.job_rows()[0]["out_bytes"] == 100


def test_rates_are_of_bytes_and_of_the_time_between_two_records(statistics, job, clock):
    metrics = job("noise")
    metrics.sent("t", 50_000_000)
    statistics.take(metrics.record())
    unknown = statistics.job_rows()[0]["out_mb_per_s"]
    clock.seconds += 2
    metrics.sent("t", 8_000_000)
    statistics.take(metrics.record())

    assert unknown == 0
    assert statistics.job_rows()[0]["out_mb_per_s"] == pytest.approx(4.0)
    (supervisor,) = statistics.supervisor_rows()
    assert (supervisor["out_mb_per_s"], supervisor["out_mb"]) == pytest.approx((4.0, 58.0))


def test_a_record_that_comes_late_makes_no_rate_that_never_was(statistics, job, clock):
    metrics = job("noise")
    statistics.take(metrics.record())
    rates = []
    for late in (0.0, 0.9, 0.0, 0.9):
        clock.seconds += 1
        metrics.sent("t", 3_000_000)
        record = metrics.record()
        if late:
            rates.append(statistics.job_rows()[0]["out_mb_per_s"])
        statistics.take(record)
    rates.append(statistics.job_rows()[0]["out_mb_per_s"])
    clock.seconds += SILENT_SECONDS + 1

    assert rates == pytest.approx([3.0] * 3)
    assert statistics.job_rows()[0]["out_mb_per_s"] == 0


def test_the_rate_of_a_process_that_was_started_again_is_its_own(statistics, job, clock):
    before = job("noise")
    before.sent("t", 90_000_000)
    statistics.take(before.record())
    clock.seconds += 5
    after = job("noise", restarts=1)
    clock.seconds += 2
    after.sent("t", 10_000_000)
    statistics.take(after.record())

    assert statistics.job_rows()[0]["out_mb_per_s"] == pytest.approx(5.0)


def test_latencies_are_those_since_the_row_before(statistics, job, clock):
    metrics = job("store")
    statistics.take(metrics.record())
    metrics.received([old(1, clock, 2.0)])
    statistics.take(metrics.record())
    slow = statistics.job_rows()[0]
    metrics.received([old(1, clock, 0.001)] * 99)
    statistics.take(metrics.record())
    fast = statistics.job_rows()[0]
    idle = statistics.job_rows()[0]

    assert slow["latency_p99_ms"] == pytest.approx(2000, rel=1 / 64)
    assert fast["latency_p99_ms"] == pytest.approx(1, rel=1 / 64)
    assert fast["latency_max_ms"] == pytest.approx(1, rel=1 / 32)
    assert (idle["latency_p99_ms"], idle["latency_max_ms"]) == ("", "")


def test_who_is_silent_for_longer_than_30_s_is_not_alive_whatever_its_clock_says(statistics, job, clock):
    silent, talking = job("silent", "dome"), job("talking")
    future = silent.record()
    statistics.take(future)
    clock.seconds += ALIVE_SECONDS + 1
    statistics.take(talking.record())

    assert {row["job"]: row["alive"] for row in statistics.job_rows()} == {"silent": False, "talking": True}
    assert {row["supervisor"]: row["alive"] for row in statistics.supervisor_rows()} == {
        "dome": False,
        "hall": True,
    }


def test_who_was_silent_for_a_day_has_no_row(statistics, job, clock):
    gone, talking = job("gone"), job("talking")
    statistics.take(gone.record())
    clock.seconds += FORGOTTEN_SECONDS
    statistics.take(talking.record())
    assert [row["job"] for row in statistics.job_rows()] == ["gone", "talking"]
    clock.seconds += 1

    assert [row["job"] for row in statistics.job_rows()] == ["talking"]


def test_losses_and_queues_are_shown(statistics, job):
    metrics = job("store")
    metrics.dropped(2)
    metrics.missed("a", 3)
    metrics.missed("b", 4)
    metrics.lost("a", 5)
    metrics.queued("a", 6)
    statistics.take(metrics.record())

    (row,) = statistics.job_rows()
    assert (row["dropped"], row["gaps"], row["lost"], row["queue_depth"]) == (2, 7, 5, 6)
