"""Snapshots of the supplies from landing to a judged product, on a real database."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.supplies.output_status import OutputStatus
from dsa_hcal_assets.hcal.supplies.readings import SupplyChannel
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.hcal.supplies import look, supplies_sensor, supply_state
from dsa_hcal_assets.quality.store import latest
from dsa_hcal_assets.quality.verdicts import Level
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.hcal import HcalSettings
from dsa_hcal_assets_tests.hcal.supplies import scene
from dsa_hcal_assets_tests.hcal.supplies.scene import DAY, snapshot


def land(installation: Installation, *snapshots: Any) -> None:
    scene.land(installation.settings.incoming / "supplies", *snapshots)


def run_day(installation: Installation, instance: dg.DagsterInstance, **options: Any) -> Any:
    return dg.materialize(
        [supply_state],
        partition_key=DAY,
        resources={"installation": installation},
        instance=instance,
        **options,
    )


def tripped(channel: SupplyChannel) -> SupplyChannel:
    place = (channel.slot, channel.channel)
    return replace(channel, status=int(OutputStatus.FAILURE_MAX_CURRENT)) if place == (0, 3) else channel


def test_landed_snapshots_become_a_judged_product(
    installation: Installation, instance: dg.DagsterInstance
) -> None:
    land(installation, snapshot(0), snapshot(1), snapshot(2, change=tripped))
    assert [(work.partition, work.note[:11]) for work in look(installation)] == [(DAY, "3 snapshots")]
    assert run_day(installation, instance).success

    product = installation.products.require_passed("supply_state", DAY)
    channels = pd.read_parquet(product.path / "channels.parquet")
    assert len(channels) == 64 + 256 + 1
    assert channels.loc[channels["tripped"] > 0, "hcal_sector"].tolist() == [3]
    verdicts = {verdict.metric: verdict for verdict in latest(installation.database, product.product_id)}
    assert [name for name, one in verdicts.items() if one.level is not Level.PASS] == ["sectors_tripped"]
    assert verdicts["sectors_tripped"].detail == "O-03"
    assert look(installation) == []

    # what a person starts again is loaded again from the files, and comes out the same
    assert run_day(installation, instance).success
    versions = {one.version: one.checksum for one in installation.products.versions("supply_state", DAY)}
    assert versions[1] == versions[2]


def test_a_day_with_nothing_usable_stops_at_its_gate(
    installation: Installation, instance: dg.DagsterInstance
) -> None:
    land(installation, snapshot(0, down={"mpod", "lv", "keithley"}))
    look(installation)
    result = run_day(installation, instance, raise_on_error=False)
    failed = {check.check_name for check in result.get_asset_check_evaluations() if not check.passed}
    assert {"coverage", "lowest_coverage", "crates_unread"} <= failed
    assert look(installation) == []


@pytest.mark.parametrize(("seconds", "asked"), [(600.0, 0), (0.0, 1)])
def test_snapshots_of_today_are_collected_for_a_while(
    database: Database, tmp_path: Path, seconds: float, asked: int
) -> None:
    hcal = HcalSettings(supply_report_seconds=seconds)
    installation = Installation(Settings(state_dir=tmp_path, database_url=database.url, hcal=hcal))
    land(installation, replace(snapshot(0), cycle=utc_now()), snapshot(1))
    works = look(installation)
    installation.database.close()
    assert len([work for work in works if work.live]) == asked
    # a day that is over does not wait
    assert [work.partition for work in works if not work.live] == [DAY]


def test_the_sensor_asks_for_the_day_once(installation: Installation, instance: dg.DagsterInstance) -> None:
    land(installation, *(snapshot(number) for number in range(3)))
    context = dg.build_sensor_context(instance=instance, resources={"installation": installation})
    result: Any = supplies_sensor(context)
    [request] = result.run_requests
    assert request.partition_key == DAY
    assert request.tags["dsa_hcal/work"].startswith("3 snapshots")
