"""A run that died and was not retried is asked for again, once, and only while nothing succeeded it."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.events import RunFailureReason
from dagster._core.storage import tags

from dsa_hcal_assets.definitions import build_definitions
from dsa_hcal_assets.orchestration import incoming, lost
from dsa_hcal_assets.orchestration.incoming import incoming_sensor
from dsa_hcal_assets.orchestration.lost import lost_runs
from dsa_hcal_assets.orchestration.upkeep.lost_backfills import lost_backfill_days, lost_backfill_groups

DAY = "2026-01-02"
DROPPED = {lost.WILL_RETRY_TAG: "false"}


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral(
        settings={"run_retries": {"enabled": True, "max_retries": 2}}
    ) as instance:
        yield instance


def enter(instance, run_id, status=dg.DagsterRunStatus.FAILURE, **more):
    """Enter a run that the sensor `watch` had asked for."""
    known = {
        "dagster/sensor_name": "watch",
        "dagster/partition": DAY,
        lost.PARTITION_TAG: f"watch:{DAY}",
    }
    instance.add_run(dg.DagsterRun(job_name="job", run_id=run_id, status=status, tags=known | more))


def names(instance):
    return [run.run_id for run in lost_runs(instance, "watch", datetime.now(UTC))]


def test_dagsters_names_are_those_dagster_uses():
    assert tags.WILL_RETRY_TAG == lost.WILL_RETRY_TAG
    assert tags.RUN_FAILURE_REASON_TAG == lost.FAILURE_REASON_TAG
    assert tags.RETRY_NUMBER_TAG == lost.RETRY_NUMBER_TAG
    assert tags.BACKFILL_ID_TAG == lost.BACKFILL_TAG
    assert RunFailureReason.STEP_FAILURE.value == lost.STEP_FAILURE


def test_a_run_that_died_and_is_not_retried_is_lost(instance):
    enter(instance, "died", **DROPPED)
    assert names(instance) == ["died"]


def test_a_run_that_dagster_will_retry_is_lost_only_when_it_did_not(instance):
    """The daemon may end between taking note of a failure and retrying the run."""
    enter(instance, "died", **{lost.WILL_RETRY_TAG: "true"})
    assert names(instance) == []
    later = datetime.now(UTC) + lost.RETRIED_WITHIN
    assert [run.run_id for run in lost_runs(instance, "watch", later)] == ["died"]
    enter(instance, "retry", dg.DagsterRunStatus.STARTED)
    assert lost_runs(instance, "watch", later) == []


def test_a_run_with_a_failed_step_is_told_and_not_repeated(instance):
    enter(instance, "failed", **DROPPED, **{lost.FAILURE_REASON_TAG: lost.STEP_FAILURE})
    assert names(instance) == []


def test_a_run_that_died_as_often_as_it_may_is_given_up(instance):
    enter(instance, "second", **DROPPED, **{lost.RETRY_NUMBER_TAG: "1"})
    assert names(instance) == ["second"]
    enter(instance, "third", **DROPPED, **{lost.RETRY_NUMBER_TAG: "2"})
    assert names(instance) == []


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.SUCCESS])
def test_a_run_with_a_successor_is_not_lost(instance, status):
    enter(instance, "died", **DROPPED)
    enter(instance, "successor", status)
    assert names(instance) == []


def test_another_sensors_run_and_an_old_one_are_left_alone(instance):
    enter(instance, "other", **DROPPED, **{"dagster/sensor_name": "another"})
    assert names(instance) == []
    enter(instance, "died", **DROPPED)
    later = datetime.now(UTC) + lost.LOOK_BACK + timedelta(minutes=1)
    assert lost_runs(instance, "watch", later) == []


def test_the_sensor_asks_for_the_partition_of_a_lost_run_once_more(instance, installation, monkeypatch):
    monkeypatch.setattr(incoming, "STAY_SECONDS", 0.1)
    sensor = incoming_sensor("watch", "job", lambda _: [], source="rig", description="Watches.")

    def tick():
        context = dg.build_sensor_context(instance=instance, resources={"installation": installation})
        return sensor(context)

    assert tick().run_requests == []
    enter(instance, "died", **DROPPED)
    (request,) = tick().run_requests
    assert request.partition_key == DAY
    assert "died" in request.run_key
    enter(instance, "again", dg.DagsterRunStatus.STARTED, **request.tags)
    result = tick()
    assert result.run_requests == []
    assert result.skip_reason is not None


def test_a_lost_run_of_a_backlog_is_asked_for_as_one(instance, installation, monkeypatch):
    monkeypatch.setattr(incoming, "STAY_SECONDS", 0.1)
    sensor = incoming_sensor("watch", "job", lambda _: [], source="rig", description="Watches.")
    backlog = {incoming.BACKLOG_TAG: "watch", "dagster/priority": incoming.BACKLOG_PRIORITY}
    enter(instance, "died", **DROPPED, **backlog)
    context = dg.build_sensor_context(instance=instance, resources={"installation": installation})
    (request,) = sensor(context).run_requests
    assert request.tags.items() >= backlog.items()


@pytest.fixture(scope="module")
def repository():
    repository = build_definitions().get_repository_def()
    repository.load_all_definitions()
    return repository


class TestBackfills:
    """A run of a backfill has no sensor that would miss it."""

    ASSETS = frozenset({dg.AssetKey("rig_clean"), dg.AssetKey("rig_kpis")})

    def enter(self, instance, run_id, status=dg.DagsterRunStatus.FAILURE, assets=ASSETS, **tags):
        run = dg.DagsterRun(
            job_name="job",
            run_id=run_id,
            status=status,
            asset_selection=assets,
            tags={"dagster/partition": DAY, lost.BACKFILL_TAG: "b1", **tags},
        )
        instance.add_run(run)

    def names(self, instance):
        return [run.run_id for run in lost.lost_backfill_runs(instance, datetime.now(UTC))]

    @pytest.fixture
    def ask(self, instance, repository):
        def ask(sensor=lost_backfill_days):
            context = dg.build_sensor_context(instance=instance, repository_def=repository)
            # as the daemon evaluates it: what is asked for is resolved against the sensor's own job
            return sensor.evaluate_tick(context).run_requests

        return ask

    def test_one_that_died_is_asked_for_again_with_its_assets_and_partition(self, instance, ask):
        self.enter(instance, "died", **DROPPED)
        (request,) = ask()
        assert (request.partition_key, set(request.asset_selection)) == (DAY, self.ASSETS)
        assert request.tags[lost.BACKFILL_TAG] == "b1"
        assert request.run_key == "lost:died"

    def test_the_sensor_of_other_assets_leaves_it_alone(self, instance, ask):
        self.enter(instance, "died", **DROPPED)
        assert not ask(lost_backfill_groups)

    def test_once_its_successor_exists_it_is_left_alone(self, instance, ask):
        self.enter(instance, "died", **DROPPED)
        self.enter(instance, "successor", dg.DagsterRunStatus.STARTED)
        assert not ask()

    def test_a_run_of_other_assets_of_the_partition_is_no_successor(self, instance):
        self.enter(instance, "died", **DROPPED)
        self.enter(instance, "other", dg.DagsterRunStatus.SUCCESS, frozenset({dg.AssetKey("rig_readings")}))
        assert self.names(instance) == ["died"]

    def test_what_failed_in_a_step_or_will_be_retried_is_not_lost(self, instance):
        self.enter(instance, "failed", **DROPPED, **{lost.FAILURE_REASON_TAG: lost.STEP_FAILURE})
        self.enter(instance, "retried", **{lost.WILL_RETRY_TAG: "true"})
        assert self.names(instance) == []

    def test_a_run_without_backfill_is_not_theirs(self, instance):
        enter(instance, "died", **DROPPED)
        assert self.names(instance) == []
