"""A failed run is open trouble until all it was to make has been made, by whichever run."""

from datetime import timedelta

import dagster as dg
import pytest

from dsa_hcal_assets.alerts import Alert, Severity
from dsa_hcal_assets.alerts.record import open_alerts
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.orchestration.partitions import DAYS
from dsa_hcal_assets.orchestration.watch import failures
from dsa_hcal_assets.orchestration.watch.failures import left_failed, still_failed

DAY, NEXT_DAY = "2026-01-02", "2026-01-03"
HOUR = timedelta(hours=1)


class Work:
    """Two assets of which the first fails as long as it is told to, and a job without assets."""

    def __init__(self, instance, installation):
        self.instance, self.installation, self.broken = instance, installation, True

        @dg.asset(partitions_def=DAYS)
        def first():
            if self.broken:
                raise ValueError("broken")

        @dg.asset(partitions_def=DAYS, deps=[first])
        def second():
            pass

        @dg.op
        def tidy():
            if self.broken:
                raise ValueError("broken")

        @dg.job(executor_def=dg.in_process_executor)
        def tidy_job():
            tidy()

        self.assets, self.tidy_job = {"first": first, "second": second}, tidy_job

    def run(self, *names, day=DAY):
        result = dg.materialize(
            list(self.assets.values()),
            selection=names or None,
            partition_key=day,
            instance=self.instance,
            raise_on_error=False,
        )
        return self._told(result, day)

    def tidy(self):
        return self._told(
            self.tidy_job.execute_in_process(instance=self.instance, raise_on_error=False), None
        )

    def _told(self, result, day):
        """Raise the alert that the sensor of failed runs raises."""
        if not result.success:
            alert = Alert(
                Severity.ERROR, "run", "failed", source=result.dagster_run.job_name, partition=day,
                run_id=result.run_id, dedup_key=f"run:{result.run_id}",
            )  # fmt: skip
            self.installation.tell(alert)
        return result.run_id

    def failed(self):
        return [one.run_id for one in still_failed(self.installation.database, self.instance, utc_now())]


@pytest.fixture
def work(instance, installation):
    return Work(instance, installation)


def test_a_failed_run_stays_open_until_its_assets_are_made(work, installation):
    failed = work.run()
    assert work.failed() == [failed]
    work.broken = False
    work.run()
    assert work.failed() == []
    assert open_alerts(installation.database) == []


def test_what_was_skipped_behind_the_failure_has_to_be_made_too(work):
    failed = work.run()
    work.broken = False
    work.run("first")
    assert work.failed() == [failed]
    work.run("second")
    assert work.failed() == []


def test_another_partition_mends_nothing(work):
    failed = work.run(day=DAY)
    work.broken = False
    work.run(day=NEXT_DAY)
    assert work.failed() == [failed]


def test_failures_of_the_same_work_end_together(work):
    assert sorted([work.run(), work.run()]) == sorted(work.failed())
    work.broken = False
    work.run()
    assert work.failed() == []


def test_a_job_without_assets_is_mended_by_its_next_success(work):
    failed = work.tidy()
    assert work.failed() == [failed]
    work.broken = False
    work.tidy()
    assert work.failed() == []


def test_a_run_that_was_deleted_holds_nothing_open(work, instance):
    instance.delete_run(work.run())
    assert work.failed() == []


def test_of_many_failed_runs_each_has_its_turn(work, monkeypatch, installation, instance):
    monkeypatch.setattr(failures, "MOST_LOOKED_AT", 2)
    for _ in range(5):
        work.run()
    work.broken = False
    work.run()
    left = []
    for minute in range(3):
        now = utc_now() + timedelta(minutes=minute)
        left.append(len(still_failed(installation.database, instance, now)))
    assert left == [3, 1, 0]


def test_partitions_left_failed_are_told_together_after_a_while(work, installation, instance):
    def conditions(later):
        failed = still_failed(installation.database, instance, utc_now())
        return left_failed(failed, utc_now() + later, HOUR)

    work.run(day=DAY)
    work.run(day=DAY)
    work.run(day=NEXT_DAY)
    work.tidy()
    assert conditions(timedelta(minutes=50)) == []
    (found,) = conditions(timedelta(minutes=70))
    assert found.title.startswith("2 partitions of ")
    assert found.details == {"count": 2, "partitions": [DAY, NEXT_DAY]}
    work.broken = False
    work.run(day=DAY)
    (found,) = conditions(timedelta(minutes=70))
    assert found.details["partitions"] == [NEXT_DAY]
    work.run(day=NEXT_DAY)
    assert conditions(timedelta(minutes=70)) == []
