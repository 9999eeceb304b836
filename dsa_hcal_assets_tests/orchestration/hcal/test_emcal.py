"""EMCal snapshots from landing to a judged day, through sensor and asset, on a real database."""

from datetime import timedelta
from typing import Any

import dagster as dg
import pandas as pd

from dsa_hcal_assets.hcal.snapshots import due
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.hcal.emcal import emcal_sensor, emcal_state, look
from dsa_hcal_assets.quality.store import latest
from dsa_hcal_assets.quality.verdicts import Level
from dsa_hcal_assets_tests.hcal.emcal import calorimeter
from dsa_hcal_assets_tests.hcal.emcal.calorimeter import DAY, snapshot


def land(installation: Installation, *snapshots: Any) -> None:
    calorimeter.land(installation.settings.incoming / "emcal", *snapshots)


def run_day(installation: Installation, instance: dg.DagsterInstance, **options: Any) -> Any:
    resources = {"installation": installation}
    return dg.materialize([emcal_state], partition_key=DAY, resources=resources, instance=instance, **options)


def test_landed_snapshots_become_a_judged_day(
    installation: Installation, instance: dg.DagsterInstance
) -> None:
    land(installation, snapshot(0, down={40}), snapshot(1))
    assert [(work.partition, work.note[:11]) for work in look(installation)] == [(DAY, "2 snapshots")]
    assert run_day(installation, instance).success
    assert look(installation) == []

    product = installation.products.require_passed("emcal_state", DAY)
    levels = {verdict.metric: verdict.level for verdict in latest(installation.database, product.product_id)}
    assert (levels["coverage"], levels["boards_ok"], levels["boards_silent"]) == (
        Level.PASS,
        Level.WARN,
        Level.PASS,
    )
    towers = pd.read_parquet(product.path / "towers.parquet")
    assert towers.groupby("n").size().to_dict() == {1: 384, 2: 24192}
    assert len(pd.read_parquet(product.path / "boards.parquet")) == 768

    # what a person starts again is loaded again from the files, and comes out the same
    assert run_day(installation, instance).success
    versions = [one.checksum for one in installation.products.versions("emcal_state", DAY)]
    assert versions[0] == versions[1]


def test_a_day_with_nothing_usable_stops_at_its_gate_and_is_not_asked_for_again(
    installation: Installation, instance: dg.DagsterInstance
) -> None:
    land(installation, snapshot(0, down=range(64)))
    look(installation)
    result = run_day(installation, instance, raise_on_error=False)
    failed = {check.check_name for check in result.get_asset_check_evaluations() if not check.passed}
    assert "coverage" in failed
    assert due.due_days(installation.database, installation.ledger, "emcal", abandoned=timedelta(0)) == []


def test_the_sensor_takes_all_pending_snapshots_of_a_day_in_one_run(
    installation: Installation, instance: dg.DagsterInstance
) -> None:
    land(installation, *(snapshot(number, sectors=[8]) for number in range(3)))
    context = dg.build_sensor_context(instance=instance, resources={"installation": installation})
    result: Any = emcal_sensor(context)
    [request] = result.run_requests
    assert request.partition_key == DAY
    assert request.tags["dsa_hcal/work"].startswith("3 snapshots")
