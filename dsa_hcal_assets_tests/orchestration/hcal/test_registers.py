"""Snapshots of registers from landing to a judged day, through sensor and asset, on a real database."""

from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.registers.readings import BoardRegisters
from dsa_hcal_assets.hcal.registers.snapshot import REGISTERS
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.hcal.registers import look, register_state, registers_sensor
from dsa_hcal_assets.quality.store import latest
from dsa_hcal_assets.quality.verdicts import Level
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.hcal import HcalSettings
from dsa_hcal_assets_tests.hcal.registers.described import DAY, RAW, START, snapshot


def land(installation: Installation, *snapshots: Any) -> None:
    for one in snapshots:
        REGISTERS.write(installation.settings.incoming / "registers", one)


def test_landed_snapshots_become_a_judged_day(
    installation: Installation, instance: dg.DagsterInstance
) -> None:
    hot = BoardRegisters("adc00", "adc", START, RAW | {"temperature": 0x0600})  # 96 deg C
    land(installation, snapshot(0), snapshot(1, hot))
    [work] = look(installation)
    assert (work.partition, work.note[:11]) == (DAY, "2 snapshots")
    resources = {"installation": installation}
    assert dg.materialize([register_state], partition_key=DAY, resources=resources, instance=instance).success
    assert look(installation) == []

    product = installation.products.require_passed("register_state", DAY)
    verdicts = {one.metric: one for one in latest(installation.database, product.product_id)}
    abnormal = verdicts["registers_abnormal"]
    assert (abnormal.level, abnormal.detail) == (Level.WARN, "adc00 temperature")
    registers = pd.read_parquet(product.path / "registers.parquet").set_index("register")
    assert registers.loc["temperature", ["n", "max", "abnormal"]].tolist() == [2, 96.0, 1]


def test_the_sensor_asks_for_the_day(installation: Installation, instance: dg.DagsterInstance) -> None:
    land(installation, snapshot(0))
    context = dg.build_sensor_context(instance=instance, resources={"installation": installation})
    result: Any = registers_sensor(context)
    assert [request.partition_key for request in result.run_requests] == [DAY]


@pytest.mark.parametrize(("seconds", "asked"), [(600.0, 0), (0.0, 1)])
def test_snapshots_of_today_are_collected_for_a_while(
    database: Database, tmp_path: Path, seconds: float, asked: int
) -> None:
    hcal = HcalSettings(register_report_seconds=seconds)
    installation = Installation(Settings(state_dir=tmp_path, database_url=database.url, hcal=hcal))
    land(installation, snapshot(0, moment=utc_now()), snapshot(1))
    works = look(installation)
    installation.database.close()
    assert len([work for work in works if work.live]) == asked
    # a day that is over does not wait
    assert [work.partition for work in works if not work.live] == [DAY]
