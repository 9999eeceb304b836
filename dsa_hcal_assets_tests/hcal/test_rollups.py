"""Rollups are what numpy says of the raw values, and follow every change."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets.hcal.readers import Rollup, rollup_of_day
from dsa_hcal_assets.hcal.rollup_metrics import Stage, rollup_metrics
from dsa_hcal_assets.hcal.rollups import refresh
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.hcal.towers.loading import load_day
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets_tests.hcal.detector import DAY, START, cycle, land, snapshot


def raw(database: Database) -> pd.DataFrame:
    rows = database.rows(
        "select r.ts, t.half_sector, t.sector_id, r.temperature, r.leakage from hcal.tower_reading r"
        " join hcal.tower t using (tower_id)"
    )
    return pd.DataFrame(rows, columns=["ts", "half_sector", "sector_id", "temperature", "leakage"])


@pytest.mark.parametrize(
    ("rollup", "unit", "span"),
    [
        ("half_sector_hour", "half_sector", "h"),
        ("half_sector_day", "half_sector", "D"),
        ("sector_hour", "sector_id", "h"),
        ("sector_day", "sector_id", "D"),
    ],
)
@pytest.mark.parametrize("quantity", ["temperature", "leakage"])
def test_a_rollup_equals_the_statistics_of_its_raw_values(
    day: Database, rollup: Rollup, unit: str, span: str, quantity: str
) -> None:
    frame = raw(day).dropna(subset=[quantity])
    wanted = frame.groupby([frame["ts"].dt.floor(span), unit])[quantity].agg(
        ["count", "mean", "std", "min", "max"]
    )
    found = rollup_of_day(day, rollup, DAY)
    found = found[found["quantity"] == quantity].set_index(["bucket", unit])[
        ["n", "mean", "std", "min", "max"]
    ]
    assert len(found) == len(wanted)
    # the driver gives single precision as its shortest decimal: good to 1e-6 of a value, less of a spread
    np.testing.assert_allclose(found.sort_index(), wanted.sort_index(), rtol=1e-5)


def test_refreshing_twice_does_nothing_and_everything_gives_the_same(loaded: Database) -> None:
    before = rollup_of_day(loaded, "sector_day", DAY)
    assert refresh(loaded, DAY).hours == ()
    again = refresh(loaded, DAY, everything=True)
    assert len(again.hours) == 24
    pd.testing.assert_frame_equal(rollup_of_day(loaded, "sector_day", DAY), before)


def test_only_hours_with_new_data_are_read_again(
    loaded: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap
) -> None:
    land(incoming, snapshot(8))
    scan(incoming, ledger, CONTROLLERS)
    load_day(loaded, ledger, DAY, channel_map, "run-2")
    assert refresh(loaded, DAY).hours == (cycle(6),)
    found = rollup_of_day(loaded, "half_sector_hour", DAY)
    assert found["n"][(found["bucket"] == cycle(6)) & (found["quantity"] == "bias")].eq(24 * 3).all()


def test_gates_see_rollups_that_are_behind_or_wrong(
    loaded: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap
) -> None:
    stages: tuple[Stage, Stage] = ("half_sector_rollup", "sector_rollup")
    for stage in stages:
        values = {metric.name: metric.value for metric in rollup_metrics(loaded, DAY, stage)}
        assert values["dirty_hours"] == 0
        assert values["count_mismatch"] == 0
        assert values["coverage"] == 1
    land(incoming, snapshot(8))
    scan(incoming, ledger, CONTROLLERS)
    load_day(loaded, ledger, DAY, channel_map, "run-2")
    values = {metric.name: metric.value for metric in rollup_metrics(loaded, DAY, "sector_rollup")}
    assert values["dirty_hours"] == 1
    assert values["count_mismatch"] == 2 * 3072


def test_an_empty_day_has_no_rollups(database: Database) -> None:
    assert refresh(database, DAY).rows == {}
    assert rollup_of_day(database, "sector_hour", START.date()).empty
