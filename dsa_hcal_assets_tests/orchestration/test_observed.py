"""Every stage leaves its time; where wanted a trace from sensor to last stage, and profiles."""

import pstats
from contextlib import ExitStack
from datetime import timedelta

import dagster as dg
import psycopg2
import pytest

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database import roles
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.asked import Work
from dsa_hcal_assets.orchestration.incoming import incoming_sensor
from dsa_hcal_assets.orchestration.partitions import DAYS
from dsa_hcal_assets.orchestration.radio.worker import call
from dsa_hcal_assets.orchestration.stage import StageRun, stage_asset
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.observability import ObservabilitySettings
from dsa_hcal_assets.workers import WorkerClient
from dsa_hcal_assets.workers.own_host import OwnHost
from dsa_hcal_assets.workers.protocol import WorkerFailed
from dsa_hcal_assets_tests.observability.collector import Collector, attributes

DAY = "2026-01-02"


@stage_asset(group="rig", partitions=DAYS)
def rig_readings(run):
    """Rightly without a product."""
    return run.not_applicable("a test")


@stage_asset(group="rig", partitions=DAYS, deps=["rig_readings"])
def rig_clean(run):
    """Fails for good."""
    raise BadInput(f"{run.name} cannot be read")


@pytest.fixture
def collector():
    with Collector() as collector:
        yield collector


@pytest.fixture
def installed(database, tmp_path):
    """Make an installation with settings of traces and profiles."""
    with ExitStack() as stack:

        def installed(**values):
            settings = ObservabilitySettings(**values)
            installation = Installation(
                Settings(state_dir=tmp_path, database_url=database.url, observability=settings)
            )
            stack.callback(installation.database.close)
            return installation

        yield installed


@pytest.fixture
def host():
    """A worker host that has not imported CASA beforehand."""
    host = OwnHost(preload=[], packages=("dsa_hcal_assets",), console_scripts=[])
    yield host
    host.stop()


def materialize(installation, instance, tags=None):
    return dg.materialize(
        [rig_readings, rig_clean],
        partition_key=DAY,
        resources={"installation": installation},
        instance=instance,
        tags=tags,
        raise_on_error=False,
    )


def test_stages_leave_their_times_also_those_that_fail(installation, instance):
    result = materialize(installation, instance)
    times = installation.database.rows(
        "select stage, partition, run_id, outcome, ended_at >= started_at from platform.stage_time order by 1"
    )
    assert times == [
        ("rig_clean", DAY, result.run_id, "failed", True),
        ("rig_readings", DAY, result.run_id, "done", True),
    ]


def test_a_trace_leads_from_the_sensor_to_the_last_stage(installed, instance, collector):
    installation = installed(otlp_endpoint=collector.endpoint)
    sensor = incoming_sensor("watch", "job", lambda _: [Work(DAY, "1")], source="rig", description="Watches.")
    context = dg.build_sensor_context(instance=instance, resources={"installation": installation})
    (request,) = sensor(context).run_requests
    result = materialize(installation, instance, request.tags)

    asked = collector.named("watch")
    readings, clean = collector.named("stage rig_readings"), collector.named("stage rig_clean")
    assert readings.trace_id == clean.trace_id == asked.trace_id
    assert readings.parent_span_id == clean.parent_span_id == asked.span_id
    assert attributes(readings) == {
        "dsa_hcal.stage": "rig_readings",
        "dsa_hcal.partition": DAY,
        "dagster.run_id": result.run_id,
    }
    assert readings.status.code == readings.status.STATUS_CODE_UNSET
    assert clean.status.code == clean.status.STATUS_CODE_ERROR
    assert "rig_clean cannot be read" in clean.status.message


def test_stages_of_a_run_that_nobody_asked_for_share_a_trace(installed, instance, collector):
    materialize(installed(otlp_endpoint=collector.endpoint), instance)
    assert collector.named("stage rig_readings").trace_id == collector.named("stage rig_clean").trace_id


def test_only_the_stages_that_were_chosen_leave_profiles(installed, tmp_path, instance):
    result = materialize(installed(profile="rig_clean"), instance)
    found = tmp_path / "logs" / "runs" / result.run_id
    assert {path.name for path in found.iterdir()} == {"rig_clean.prof", "rig_clean.txt"}
    assert "rig_clean" in {name for _, _, name in pstats.Stats(str(found / "rig_clean.prof")).stats}


@pytest.mark.radio
def test_a_call_of_a_worker_is_profiled_where_it_works_and_traced_as_part_of_its_stage(
    installed, tmp_path, instance, collector, host
):
    installation = installed(otlp_endpoint=collector.endpoint, profile="all")
    installation.workers = WorkerClient(host.address())

    @stage_asset(group="rig", partitions=DAYS)
    def rig_readings(run: StageRun):
        with pytest.raises(WorkerFailed):
            call(run, "imaging.selection:describe_fields", {"ms": str(tmp_path / "absent.ms"), "profile": {}})
        return run.not_applicable("a test")

    result = dg.materialize(
        [rig_readings], partition_key=DAY, resources={"installation": installation}, instance=instance
    )
    profile = tmp_path / "logs" / "runs" / result.run_id / "rig_readings.describe_fields.prof"
    assert "describe_fields" in {name for _, _, name in pstats.Stats(str(profile)).stats}
    part = collector.named("call imaging.selection:describe_fields")
    assert part.parent_span_id == collector.named("stage rig_readings").span_id


def test_runs_that_have_not_ended_are_counted_by_the_role_that_only_looks(
    installation, postgres_instance, database
):
    reader = roles.reading(database)
    for number, status in enumerate(("STARTING", "STARTING", "STARTED", "SUCCESS", "FAILURE", "CANCELED")):
        run = dg.DagsterRun("job", run_id=f"run-{number}", status=dg.DagsterRunStatus[status])
        postgres_instance.add_run(run)
    before = utc_now() - timedelta(minutes=1)
    queue = {
        status: (runs, oldest) for status, runs, oldest in reader.rows("select * from platform.run_queue()")
    }
    assert {status: runs for status, (runs, _) in queue.items()} == {"STARTING": 2, "STARTED": 1}
    assert all(before < oldest < utc_now() for _, oldest in queue.values())
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        reader.rows("select * from dagster.runs")
    reader.close()


def test_before_dagster_has_made_its_tables_nothing_waits(installation):
    assert installation.database.rows("select * from platform.run_queue()") == []
