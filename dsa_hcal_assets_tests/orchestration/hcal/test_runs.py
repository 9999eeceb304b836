"""LED and pedestal runs from landing to tables, verdicts and bad channels, through sensor and assets."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import GateBlocked
from dsa_hcal_assets.hcal.analysis_runs import ingest, run_tables
from dsa_hcal_assets.hcal.corrections.bad_channels import bad_channels_at
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.hcal.runs import (
    led_runs,
    look,
    pedestal_runs,
    retire_runs_job,
    runs_sensor,
)
from dsa_hcal_assets.orchestration.partitions import RUN_SET
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.runs import RunSettings
from dsa_hcal_assets.simulation.detector_runs.runs import SimulatedRun
from dsa_hcal_assets.simulation.detector_runs.truth import DetectorTruth
from dsa_hcal_assets.simulation.detector_runs.writing import write_run

AT = datetime(2026, 1, 3, tzinfo=UTC)
TRUTH = DetectorTruth(seed=2)


@pytest.fixture
def installation(database: Database, tmp_path):
    settings = Settings(
        state_dir=tmp_path,
        database_url=database.url,
        runs=RunSettings(settle_seconds=0, most_live_keys=2),
    )
    installation = Installation(settings)
    yield installation
    installation.database.close()


def land(installation: Installation, run_number: int, kind: str = "led", **changes: Any) -> None:
    fields = {"events": 512, "contents": "amplitudes", **changes}
    truth = fields.pop("truth", TRUTH)
    run = SimulatedRun(truth, run_number, kind, AT, **fields)
    write_run(installation.settings.incoming / ingest.SOURCE, run)


def materialize(installation: Installation, instance: dg.DagsterInstance, key: str) -> Any:
    instance.add_dynamic_partitions(RUN_SET, [key])
    return dg.materialize(
        [led_runs, pedestal_runs],
        partition_key=key,
        resources={"installation": installation},
        instance=instance,
        raise_on_error=False,
    )


def test_a_landed_run_is_asked_for_with_its_key(installation, instance):
    land(installation, 700)
    land(installation, 701, "pedestal")
    context = dg.build_sensor_context(instance=instance, resources={"installation": installation})
    result: Any = runs_sensor(context)
    assert [request.partition_key for request in result.run_requests] == ["700", "701"]
    [added] = result.dynamic_partitions_requests
    assert (added.partitions_def_name, added.partition_keys) == (RUN_SET, ["700", "701"])


def test_each_kind_of_run_has_its_product_and_its_bad_channels(installation, instance):
    land(installation, 700)
    land(installation, 701, "pedestal", contents="waveforms", events=128, samples=16)
    look(installation)
    for key, kind, other in (("700", "led_runs", "pedestal_runs"), ("701", "pedestal_runs", "led_runs")):
        assert materialize(installation, instance, key).success
        product = installation.products.require_passed(kind, key)
        assert len(pd.read_parquet(product.path / "towers.parquet")) == 3072
        assert installation.products.current(other, key) is None
    assert {run.level for run in run_tables.stored_runs(installation.database)} <= {"pass", "warn"}
    assert look(installation) == []
    reasons = {one.tower_id: one.reasons for one in bad_channels_at(installation.database, AT)}
    assert all(reasons[tower] == ("dead",) for tower in TRUTH.bad["dead"])
    assert all(reasons[tower] == ("noisy",) for tower in TRUTH.bad["noisy"])
    assert all(reasons[tower] == ("saturated",) for tower in TRUTH.bad["saturated"])


def test_a_run_with_the_light_off_is_blocked_and_says_nothing_about_towers(installation, instance):
    land(installation, 702, truth=DetectorTruth(seed=2, dead=3072, noisy=0, saturated=0))
    look(installation)
    assert not materialize(installation, instance, "702").success
    with pytest.raises(GateBlocked, match="dead"):
        installation.products.require_passed("led_runs", "702")
    [run] = run_tables.stored_runs(installation.database)
    assert run.level == "fail"
    assert bad_channels_at(installation.database, AT) == []


def test_only_the_newest_runs_stay_live_and_what_is_pending_stays(installation, postgres_instance):
    land(installation, 1)
    look(installation)
    postgres_instance.add_dynamic_partitions(RUN_SET, ["1", "2", "3", "4"])
    result = retire_runs_job.execute_in_process(
        instance=postgres_instance, resources={"installation": installation}
    )
    assert result.success
    assert set(postgres_instance.get_dynamic_partitions(RUN_SET)) == {"1", "3", "4"}
