"""Every failed run is told once, with where it failed and for what; its retries are the same trouble."""

import dagster as dg
import pytest

from dsa_hcal_assets.alerts.record import open_alerts, resolve
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.orchestration.failures import typed_failures
from dsa_hcal_assets.orchestration.partitions import DAYS
from dsa_hcal_assets.orchestration.upkeep import failed_runs

DAY = "2026-01-02"


@dg.asset(partitions_def=DAYS)
def broken():
    with typed_failures():
        raise BadInput("rig.csv has no column pressure", remedy="send it again")


def fail(instance, **tags):
    """Run the asset for real; return its run."""
    result = dg.materialize([broken], partition_key=DAY, instance=instance, tags=tags, raise_on_error=False)
    assert not result.success
    return result


@pytest.fixture
def tell(installation, instance):
    """Evaluate the sensor for a failed run, as the daemon does, with the run as it is told to be."""

    def tell(result, run=None):
        context = dg.build_run_status_sensor_context(
            sensor_name="failed_runs",
            dagster_instance=instance,
            dagster_run=run or result.dagster_run,
            dagster_event=result.get_run_failure_event(),
            resources={"installation": installation},
        ).for_run_failure()
        failed_runs(context)
        return open_alerts(installation.database)

    return tell


def test_a_failed_run_is_told_with_step_partition_and_the_errors_own_words(tell, instance):
    result = fail(instance)
    (entry,) = tell(result)
    alert = entry.alert
    assert alert.title.endswith(f"failed in broken for {DAY}")
    assert (alert.severity, alert.category) == ("error", "run")
    assert (alert.partition, alert.run_id) == (DAY, result.run_id)
    assert "rig.csv has no column pressure; remedy: send it again" in alert.message


def test_an_error_nobody_foresaw_is_told_in_its_own_words_too(tell, instance):
    @dg.asset(partitions_def=DAYS)
    def divided():
        return 1 / 0

    result = dg.materialize([divided], partition_key=DAY, instance=instance, raise_on_error=False)
    (entry,) = tell(result)
    assert "divided: ZeroDivisionError: division by zero" in entry.alert.message


def test_telling_the_same_run_twice_is_one_alert(tell, instance):
    result = fail(instance)
    tell(result)
    assert len(tell(result)) == 1


def test_a_retry_that_fails_again_is_the_same_trouble(tell, instance):
    first = fail(instance)
    tell(first)
    again = fail(instance)
    retry = again.dagster_run._replace(root_run_id=first.run_id, parent_run_id=first.run_id)
    assert len(tell(again, retry)) == 1


def test_another_run_that_fails_is_another_trouble(tell, instance):
    tell(fail(instance))
    assert len(tell(fail(instance))) == 2


def test_trouble_that_was_over_is_told_when_it_comes_back(tell, instance, installation):
    result = fail(instance)
    tell(result)
    assert resolve(installation.database, f"run:{result.run_id}") == 1
    assert len(tell(result)) == 1


def test_a_run_that_died_before_any_step_is_told_too(tell, instance):
    """Run monitoring ends the run of a killed worker: no step reported anything."""
    result = fail(instance)
    lost = instance.create_run_for_job(dg.define_asset_job("lost_job").resolve(asset_graph=graph()))
    instance.report_run_failed(lost, "its worker, process 4711, has ended without reporting the run's end")
    context = dg.build_run_status_sensor_context(
        sensor_name="failed_runs",
        dagster_instance=instance,
        dagster_run=lost,
        dagster_event=result.get_run_failure_event(),
    )
    assert context.for_run_failure().get_step_failure_events() == []
    (entry,) = tell(result, lost)
    assert entry.alert.title == "run of lost_job failed"
    assert entry.alert.partition is None


def graph():
    return dg.Definitions(assets=[broken]).get_repository_def().asset_graph
