"""The job writes both tables from the records it hears, and no second job writes into them."""

import csv

import msgspec
import pytest

from dsa_hcal_assets.daq.messages.message import Kind, Message
from dsa_hcal_assets.daq.one_writer import SecondWriter
from dsa_hcal_assets.daq.shipped.statistics import StatisticsJob
from dsa_hcal_assets.daq.statistics.metrics import JobMetrics


def heard(value, producer="pump"):
    return Message("stats.pump", producer, 1, 1, 0, Kind.JSON, memoryview(msgspec.json.encode(value)))


def rows(place, name):
    with (place.run_dir / "statistics" / name).open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def statistics(make_job):
    job = make_job(StatisticsJob)
    job.setup()
    return job


def test_each_step_adds_a_row_per_job_and_one_per_supervisor(statistics, place):
    here, there = JobMetrics("hall", "pump", "noise"), JobMetrics("dome", "pump", "noise")
    here.sent("t", 2_000_000)
    there.sent("t", 500_000)
    for _ in range(2):
        for metrics in (here, there):
            statistics.receive(heard(metrics.as_record()))
        statistics.step()

    jobs, supervisors = rows(place, "stats.csv"), rows(place, "stats_remote.csv")
    assert [(row["supervisor"], row["job"], row["out_bytes"]) for row in jobs] == [
        ("dome", "pump", "500000"),
        ("hall", "pump", "2000000"),
    ] * 2
    assert [(row["supervisor"], float(row["out_mb"]), row["alive"]) for row in supervisors] == [
        ("dome", 0.5, "True"),
        ("hall", 2.0, "True"),
    ] * 2


def test_what_is_no_record_is_passed_over(statistics, place):
    statistics.receive(heard({"nonsense": 1}))
    statistics.receive(heard(JobMetrics("hall", "pump", "noise").as_record()))
    statistics.step()

    assert [row["job"] for row in rows(place, "stats.csv")] == ["pump"]


def test_a_second_one_in_the_same_directory_is_refused(statistics, make_job):
    with pytest.raises(SecondWriter):
        make_job(StatisticsJob, id="other").setup()
