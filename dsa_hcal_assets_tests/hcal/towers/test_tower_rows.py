"""Rows and their bytes: what COPY takes is what PostgreSQL gives back, NULL where nothing was read."""

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.database.binary_copy import copy_bytes, postgres_time
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets.hcal.towers.tower_rows import (
    COPY_COLUMNS,
    REALS,
    ROW,
    tower_rows,
)
from dsa_hcal_assets_tests.hcal import detector

readings = st.one_of(st.just(float("nan")), st.floats(-1e6, 1e6, width=32))
records = st.lists(
    st.tuples(*[readings] * len(REALS), st.sampled_from([b"", b"normal", b"high"])), min_size=1, max_size=30
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records)
def test_database_gives_back_what_was_copied(database: Database, values: list[tuple[Any, ...]]) -> None:
    rows = np.zeros(len(values), ROW)
    for row, value in zip(rows, values, strict=True):
        row["ts"] = postgres_time(detector.cycle(1))
        for name, number in zip((*REALS, "gain"), value, strict=True):
            row[name] = number
    rows["tower_id"] = np.arange(len(values))
    with database.transaction() as cursor:
        cursor.execute("create temp table copied (like hcal.tower_reading) on commit drop")
        cursor.copy_expert(
            f"copy copied ({', '.join(COPY_COLUMNS)}) from stdin (format binary)",
            io.BytesIO(copy_bytes(rows)),
        )
        cursor.execute(
            "select ts, temperature, leakage, bias_offset, bias, lv_positive, lv_negative, gain::text"
            " from copied order by tower_id"
        )
        found = cursor.fetchall()
    for got, value in zip(found, values, strict=True):
        assert got[0] == detector.cycle(1)
        for one, number in zip(got[1:7], value[:6], strict=True):
            assert (one is None) if np.isnan(number) else np.float32(one) == np.float32(number)
        assert got[7] == (value[6].decode() or None)


def test_boards_that_are_down_or_unmapped_have_no_rows(channel_map: ChannelMap) -> None:
    one = detector.snapshot(0, down={"80"}, boards=["80", "81", "42"])
    rows = tower_rows(one, channel_map.at(one.cycle))
    assert (len(rows.rows), rows.towers_read, rows.unmapped) == (192, 192, ("42",))


def test_a_snapshot_without_any_board_has_no_rows(channel_map: ChannelMap) -> None:
    one = detector.snapshot(0, boards=[])
    rows = tower_rows(one, channel_map.at(one.cycle))
    assert rows.rows.shape == (0,)
    assert copy_bytes(rows.rows).endswith(b"\xff\xff")


def test_rows_are_in_order_of_the_tables_key(channel_map: ChannelMap) -> None:
    one = detector.snapshot(0, down={"91"})
    rows = tower_rows(one, channel_map.at(one.cycle)).rows
    assert (np.diff(rows["tower_id"]) > 0).all()


@pytest.mark.parametrize("board", ["80", "97"])
def test_each_tower_occurs_once(channel_map: ChannelMap, board: str) -> None:
    one = detector.snapshot(0)
    rows = tower_rows(one, channel_map.at(one.cycle)).rows
    assert sorted(rows["tower_id"].tolist()) == list(range(3072))
    towers = channel_map.at(one.cycle).towers_of(board)
    assert towers is not None
    real = detector.truth(board, 5, one.cycle)
    got = rows[np.searchsorted(rows["tower_id"], towers[5], sorter=np.argsort(rows["tower_id"]))]
    assert len(got) == len(real.temperature)
