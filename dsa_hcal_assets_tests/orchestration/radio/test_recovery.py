"""Groups nobody works on move on: given up, or asked for again, each once."""

from datetime import timedelta

import dagster as dg
import pytest

from dsa_hcal_assets.alerts.record import open_alerts
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.definitions import build_definitions
from dsa_hcal_assets.orchestration.partitions import GROUP_SET
from dsa_hcal_assets.orchestration.radio.recovery import radio_recovery
from dsa_hcal_assets.radio.ingest import groups
from dsa_hcal_assets_tests.radio.landed import Site


@pytest.fixture
def site(tmp_path, database):
    return Site(tmp_path, database)


@pytest.fixture
def instance(tmp_path):
    """One with files of its own: the context of a schedule holds a reference to it."""
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:
        yield instance


@pytest.fixture
def tick(installation, instance):
    """Evaluate the schedule as the daemon does; the runs it asks for."""

    def tick():
        context = dg.build_schedule_context(
            instance=instance,
            resources={"installation": installation},
            repository_def=build_definitions(installation).get_repository_def(),
        )
        asked = radio_recovery.evaluate_tick(context)
        return list(asked.run_requests)

    return tick


@pytest.fixture
def taken_up(site, instance):
    """A group whose first product exists: a run has begun on it."""
    key = site.land(12)
    site.load(key)
    site.make(key, "uvh5_group")
    instance.add_dynamic_partitions(GROUP_SET, [key])
    return key


@pytest.fixture
def stalled(installation):
    """Take what was made a moment ago for old."""
    radio = installation.settings.radio.model_copy(update={"stalled_hours": 1e-9})
    installation.settings = installation.settings.model_copy(update={"radio": radio})


def test_it_runs_every_ten_minutes_by_itself():
    assert radio_recovery.cron_schedule == "*/10 * * * *"
    assert radio_recovery.default_status.value == "RUNNING"


def test_with_nothing_stuck_nothing_is_asked_for(tick):
    assert tick() == []


def test_a_group_that_collected_for_a_day_fails_and_is_told_once(tick, site, database):
    key = site.land(12, range(14), now=utc_now() - timedelta(hours=25))
    young = site.land(13, range(14))
    for _ in range(2):
        assert tick() == []
    assert groups.group(database, key).state == "failed"
    assert groups.group(database, young).state == "collecting"
    (entry,) = open_alerts(database)
    assert entry.alert.partition == key


def test_a_group_at_work_within_the_hour_is_left_alone(tick, taken_up):
    assert tick() == []


def test_a_group_whose_run_nobody_knows_is_asked_for_again(tick, taken_up, stalled):
    (request,) = tick()
    assert request.partition_key == taken_up
    assert request.tags["dsa_hcal/partition"] == f"radio_sensor:{taken_up}"
    # until something new was made of it, it is the same request, and Dagster runs it once
    assert [one.run_key for one in tick()] == [request.run_key]


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE])
def test_a_group_with_a_run_is_left_to_it(tick, taken_up, stalled, instance, status):
    tags = {"dagster/partition": taken_up}
    instance.add_run(dg.DagsterRun(job_name="job", run_id="run", tags=tags, status=status))
    assert tick() == []


def test_a_group_whose_key_was_retired_is_left_alone(tick, taken_up, stalled, instance):
    instance.delete_dynamic_partition(GROUP_SET, taken_up)
    assert tick() == []


def test_a_group_whose_report_exists_is_done(tick, taken_up, stalled, site):
    site.make(taken_up, "radio_qa_report")
    assert tick() == []
