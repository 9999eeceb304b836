"""The gates measure what is there: each fault moves its own number and names its culprit."""

from pathlib import Path

import pytest

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal import verdicts
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets.hcal.quality_metrics import (
    PATIENCE,
    arrival_metrics,
    board_metrics,
    snapshot_metrics,
    temperature_range,
    tower_metrics,
)
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.hcal.towers.loading import load_day
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.quality.verdicts import Level, Metric
from dsa_hcal_assets_tests.hcal import detector
from dsa_hcal_assets_tests.hcal.detector import DAY, cycle, land, snapshot

ALLOWED = (15.0, 30.0)


def by_name(metrics: list[Metric]) -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics}


def test_a_day_is_measured_tower_by_tower(day: Database, channel_map: ChannelMap) -> None:
    metrics = by_name(tower_metrics(day, DAY, ALLOWED))
    assert metrics["snapshots"].value == 7
    assert metrics["duplicate_keys"].value == 0
    assert metrics["coverage"].value == pytest.approx(1 - (192 + 24) / 7 / 3072)
    assert metrics["lowest_coverage"].value == pytest.approx(2880 / 3072)
    assert metrics["largest_gap"].value == 2
    assert metrics["sequence_gaps"].value == 1
    assert metrics["temperature_highest"].value == pytest.approx(33.5)
    assert metrics["towers_outside"].value == 1
    assert "(O-08N)" in metrics["towers_outside"].detail
    assert metrics["towers_silent"].value == 0
    assert metrics["gain_mismatches"].value == 0
    assert metrics["expect_column_values_to_be_unique(tower_id)"].value == 1


def test_boards_are_named(day: Database) -> None:
    metrics = by_name(board_metrics(day, DAY))
    assert metrics["readings_ok"].value == pytest.approx(1 - 2 / 112)
    assert (metrics["boards_partial"].value, metrics["boards_partial"].detail) == (1, "82")
    assert metrics["boards_unread"].value == 0
    assert metrics["failed_readings"].value == pytest.approx(1 / (111 * 40))


def test_each_snapshot_has_its_own_verdict(day: Database, thresholds: Thresholds) -> None:
    judged = verdicts.judge_snapshots(day, DAY, thresholds)
    assert list(judged) == list(snapshot_metrics(day, DAY))
    rows = day.rows("select cycle, level, verdicts from hcal.snapshot order by cycle")
    assert [level for _, level, _ in rows] == ["warn", "pass", "pass", "warn", "pass", "pass", "warn"]
    assert rows[0][2][0] == {
        "metric": "coverage",
        "value": 0.9375,
        "level": "warn",
        "limit": "warn < 0.99, fail < 0.5",
        "detail": "2880 of 3072 towers",
    }


def test_faults_of_the_hardware_are_found(
    database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap
) -> None:
    dead = [snapshot(number, down={"86"}) for number in range(3)]
    dead[1] = detector.with_channel(dead[1], "80", 0, gain="high")
    dead[2] = detector.with_channel(dead[2], "80", 3, bias=0.1)
    land(incoming, *dead)
    scan(incoming, ledger, CONTROLLERS)
    load_day(database, ledger, DAY, channel_map, "run-1")

    towers = by_name(tower_metrics(database, DAY, ALLOWED))
    assert (towers["gain_mismatches"].value, towers["gain_mismatches"].detail) == (1, "O-08")
    assert (towers["half_sectors_unbiased"].value, towers["half_sectors_unbiased"].detail) == (1, "O-09S")
    assert towers["towers_silent"].value == 192
    assert towers["towers_silent"].detail.endswith("and 184 more")
    boards = by_name(board_metrics(database, DAY))
    assert (boards["boards_silent"].value, boards["boards_silent"].detail) == (1, "86")


def test_an_empty_day_fails_instead_of_passing(
    database: Database, ledger: Ledger, thresholds: Thresholds
) -> None:
    judged = verdicts.judge_day(database, ledger, DAY, thresholds)
    assert [one.metric for one in judged["hcal_snapshots"] if one.stops] == ["accepted"]
    assert any(one.stops for one in judged["tower_state"])
    assert all(one.level is Level.FAIL for one in judged["board_state"])


def test_the_ledger_is_asked_for_arrivals(ledger: Ledger, incoming: Path) -> None:
    one, two = land(incoming, snapshot(0), snapshot(1))
    two.write_bytes(b"nonsense")
    scan(incoming, ledger, CONTROLLERS)
    metrics = by_name(arrival_metrics(ledger, DAY))
    # it has only just arrived
    assert (metrics["accepted"].value, metrics["pending"].value) == (1, 0)
    metrics = by_name(arrival_metrics(ledger, DAY, utc_now() + PATIENCE))
    assert (metrics["accepted"].value, metrics["pending"].value) == (1, 1)
    assert metrics["pending"].detail == one.name
    # a file nobody could read belongs to no day
    assert metrics["quarantined"].value == 0


def test_temperature_limits_come_from_the_thresholds(thresholds: Thresholds) -> None:
    assert temperature_range(thresholds) == ALLOWED
    moved = Thresholds.load(
        environ={"DSA_HCAL_THRESHOLD__TOWER_STATE__TEMPERATURE_HIGHEST__WARN_ABOVE": "28"}
    )
    assert temperature_range(moved) == (15.0, 28.0)


def test_all_stages_have_exactly_the_limits_that_are_measured(
    day: Database, day_ledger: Ledger, thresholds: Thresholds
) -> None:
    informative = {"leakage_highest", "days_of_history"}
    for stage, judged in verdicts.judge_day(day, day_ledger, DAY, thresholds).items():
        limits = {threshold.metric for threshold in thresholds.of_stage(stage)}
        assert {one.metric for one in judged} - informative == limits, stage
        assert all(one.detail != "not measured" for one in judged), stage
    assert cycle(0) in snapshot_metrics(day, DAY)
