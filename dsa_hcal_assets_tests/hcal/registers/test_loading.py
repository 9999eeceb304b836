"""Snapshots of registers in the database, and what a day of them amounts to."""

import math
from datetime import timedelta

import pytest

from dsa_hcal_assets.hcal.registers import readers
from dsa_hcal_assets.hcal.registers.quality_metrics import state_metrics
from dsa_hcal_assets.hcal.registers.readings import BoardRegisters
from dsa_hcal_assets.hcal.registers.snapshot import REGISTERS
from dsa_hcal_assets.hcal.registers.tables import load_day
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.hcal.snapshots.load_report import Result
from dsa_hcal_assets_tests.hcal.registers.described import DAY, RAW, SILENT, START, snapshot, table


@pytest.fixture
def load(database, ledger, tmp_path):
    """Let snapshots land, accept and load the day."""

    def load(*snapshots, everything=False):
        incoming = tmp_path / "incoming" / "registers"
        for one in snapshots:
            REGISTERS.write(incoming, one)
        scan(incoming, ledger, REGISTERS)
        return load_day(database, ledger, DAY, "run-1", everything)

    return load


def metrics_of(database):
    read = (readers.registers_of_day, readers.boards_of_day, readers.snapshots)
    return {metric.name: metric for metric in state_metrics(*(one(database, DAY) for one in read))}


def test_registers_and_fields_are_rows_with_what_they_mean(database, load):
    assert load(snapshot()).rows == 5
    rows = database.rows(
        "select board, kind, register, raw, value, unit, state from hcal.register_state order by 3"
    )
    assert rows == [
        ("adc00", "adc", "status", 0b1011, 11.0, "", None),
        ("adc00", "adc", "status.link", 5, 5.0, "", None),
        ("adc00", "adc", "status.locked", 1, 1.0, "", "normal"),
        ("adc00", "adc", "temperature", 0x180, 24.0, "degC", "normal"),
        ("adc00", "adc", "triggers", 4_000_000_000, 4e9, "", None),
    ]


def test_definitions_are_kept_for_every_table_that_was_in_use(database, load):
    load(snapshot(0), snapshot(1, tables=(table().model_copy(update={"modbus_unit": 2}),)))
    assert database.rows(
        "select count(distinct table_digest), count(*) from hcal.register_definition where kind = 'adc'"
    ) == [(2, 12)]
    [row] = database.rows(
        "select place, expected, every from hcal.register_definition where register = 'status.locked' limit 1"
    )
    assert row == ("0x0000 bits 0-0", [1], 1)


def test_loading_again_leaves_the_same_rows(database, load):
    load(snapshot(0), snapshot(1))
    before = database.rows("select * from hcal.register_reading order by ts, register")
    assert load(everything=True).count(Result.REPLACED) == 2
    assert database.rows("select * from hcal.register_reading order by ts, register") == before


def test_what_failed_is_told_by_the_board(database, load):
    load(
        snapshot(
            0,
            BoardRegisters("adc00", "adc", START, RAW, {"firmware": SILENT}),
            BoardRegisters("adc01", "adc", None, {}, dict.fromkeys(table().registers, SILENT)),
        )
    )
    boards = readers.boards_of_day(database, DAY)
    assert boards[["board", "status", "registers_read", "failed_readings"]].values.tolist() == [
        ["adc00", "partial", 3, 1],
        ["adc01", "down", 0, 4],
    ]
    assert boards["error"].tolist()[0] == "firmware: no answer"


def test_a_register_has_a_series(database, load):
    hot = RAW | {"temperature": 0xFF60}  # -10 deg C
    load(snapshot(0), snapshot(1, BoardRegisters("adc00", "adc", START, hot)))
    series = readers.register_series(database, "adc00", "temperature", START, START + timedelta(hours=1))
    assert series["value"].tolist() == [24.0, -10.0]
    assert series["state"].tolist() == ["normal", "abnormal"]


def test_a_day_is_measured_and_what_is_abnormal_is_named(database, load):
    unlocked = RAW | {"status": 0}
    down = BoardRegisters("adc01", "adc", None, {}, dict.fromkeys(table().registers, SILENT))
    load(*(snapshot(n, BoardRegisters("adc00", "adc", START, unlocked), down) for n in (0, 1, 2, 5)))
    metrics = metrics_of(database)
    assert (metrics["registers_abnormal"].value, metrics["registers_abnormal"].detail) == (
        1,
        "adc00 status.locked",
    )
    assert (metrics["boards_silent"].value, metrics["boards_silent"].detail) == (1, "adc01")
    assert metrics["boards_ok"].value == 0.5
    assert (metrics["snapshots"].value, metrics["largest_gap"].value, metrics["sequence_gaps"].value) == (
        4,
        3,
        2,
    )
    assert metrics["failed_readings"].value == 0


def test_nothing_loaded_cannot_be_measured(database):
    metrics = metrics_of(database)
    assert metrics["snapshots"].value == 0
    assert math.isnan(metrics["boards_ok"].value)
    assert math.isnan(metrics["failed_readings"].value)
