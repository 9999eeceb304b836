"""The report of a day says what was wrong, what is missing, and whether to build on it."""

import io
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from dsa_hcal_assets.cli.hcal import hcal
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal import coverage, readers
from dsa_hcal_assets.hcal.anomalies import detection
from dsa_hcal_assets.hcal.anomalies.readers import anomalies_of_day
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets.hcal.report import tiles
from dsa_hcal_assets.hcal.report.page import build_report
from dsa_hcal_assets.hcal.report.record import board_table, coverage_figure, gap_table
from dsa_hcal_assets.hcal.report.supplies import supply_section
from dsa_hcal_assets.hcal.report.towers import worst_towers
from dsa_hcal_assets.hcal.report.troubles import timeline, trouble_table
from dsa_hcal_assets.hcal.supplies.readers import supplies_of_day
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.products import Provenance
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets_tests.hcal.anomalies.scene import START, STEP, quiet
from dsa_hcal_assets_tests.hcal.detector import DAY, land, snapshot

MAPS = {
    f"{what}_{where}" for what in ("temperature", "leakage", "bias_offset") for where in ("OHCal", "IHCal")
}


@pytest.fixture
def troubled(database: Database, channel_map: ChannelMap, thresholds: Thresholds) -> Database:
    """A day with a hot tower, a half-sector without bias and in high gain, a gap and a silent board."""
    scene = quiet(36)
    scene.temperature[6:12, 100] = 37
    scene.bias[30:, 16] = 0
    scene.high_gain[20:, 17] = True
    scene.lost = {14, 15}
    scene.down = {(cycle, "91") for cycle in range(32, 36)}
    scene.store(database, channel_map)
    detection.refresh(database, DAY, thresholds)
    return database


def page(database: Database, ledger: Ledger, thresholds: Thresholds) -> str:
    return build_report(database, ledger, DAY, thresholds, Provenance({"day": DAY}, (), "run-7")).html


def test_the_report_shows_maps_boards_and_every_check(
    day: Database, day_ledger: Ledger, thresholds: Thresholds, tmp_path: Path
) -> None:
    report = build_report(day, day_ledger, DAY, thresholds, Provenance({"day": DAY}, (), "run-7"))
    assert set(report.maps) == MAPS
    assert "board 91 did not answer" in report.html
    assert "7 snapshots from 00:00:00 to 01:10:00 UTC" in report.html
    assert "Corrections may be made from this day." in report.html
    assert "temperature outside its limits" in report.html
    assert "snapshot lost" in report.html
    assert "run-7" in report.html
    for verdict in report.verdicts:
        assert f"{verdict.stage}.{verdict.metric}" in report.html
    report.write(tmp_path)
    files = {"report.html", *(f"{name}.png" for name in MAPS)}
    assert {path.name for path in tmp_path.iterdir()} == files
    assert {metric.name for metric in report.metrics()} == {"bytes", "maps"}


def test_a_day_that_may_not_be_built_upon_says_so_first(
    database: Database, ledger: Ledger, thresholds: Thresholds
) -> None:
    detection.refresh(database, DAY, thresholds)
    html = page(database, ledger, thresholds)
    assert "Corrections are BLOCKED for this day: cycles_present, tower_coverage" in html
    assert "NO SUPPLY READINGS" in html


class TestTroubles:
    def test_one_row_a_place_what_is_open_first(self, troubled: Database) -> None:
        rows = trouble_table(anomalies_of_day(troubled, DAY), DAY).rows
        assert [(row[0], row[1], row[4]) for row in rows] == [
            ("error", "O-08N", "open"),
            ("error", "board 91", "open"),
            ("error", "OHCal 100 (O-02S)", "02:10:00"),  # its return was a fast change too
            ("warning", "O-08S", "open"),
        ]
        assert rows[0][2] == "bias off"
        assert rows[0][5] == "0 V (30)"
        assert rows[2][2].startswith("temperature outside its limits, changed fast")
        assert rows[3][2] == "gain mode other than the rest of its sector"

    def test_bars_reach_from_the_first_sample_to_the_end_and_open_ones_to_midnight(
        self, troubled: Database
    ) -> None:
        drawn = timeline(anomalies_of_day(troubled, DAY), DAY)
        assert drawn is not None
        assert drawn.png.startswith(b"\x89PNG")
        assert timeline(anomalies_of_day(troubled, "2025-06-01"), "2025-06-01") is None

    def test_what_began_on_another_day_has_its_date(self, troubled: Database) -> None:
        found = anomalies_of_day(troubled, DAY)
        found["started_at"] -= pd.Timedelta(days=2)
        assert {row[3][:10] for row in trouble_table(found, DAY).rows} == {"2025-06-03"}


class TestRecord:
    def test_gaps_of_all_boards_come_first_the_longest_ahead(self, troubled: Database) -> None:
        found = coverage.gaps_of_day(troubled, DAY)
        assert [list(row) for row in gap_table(found, DAY).rows] == [
            ["all boards", "06:00:00", "24:00:00", "18 h 00 min", 108, "acquisition down"],
            ["all boards", "02:20:00", "02:40:00", "20 min 00 s", 2, "snapshot lost"],
            ["board 91", "05:20:00", "06:00:00", "40 min 00 s", 4, "board down"],
        ]

    def test_the_board_table_says_since_when(self, day: Database) -> None:
        rows = {row[0]: row for row in board_table(readers.board_health(day, DAY)).rows}
        assert len(rows) == 16
        assert rows["board 82"][1] == "partial since 01:10:00"
        assert rows["board 91"][2:6] == [6, 0, 1, 0]
        assert rows["board 91"][7] == "board 91 did not answer"

    def test_a_day_without_anything_is_drawn_too(self, database: Database) -> None:
        empty = readers.snapshots(database, DAY), readers.board_health(database, DAY)
        assert coverage_figure(*empty, coverage.gaps_of_day(database, DAY), DAY).startswith(b"\x89PNG")


class TestGainTiles:
    def test_each_half_sector_has_its_tile_with_mode_and_name(self, troubled: Database) -> None:
        gains = tiles.gain_of_half_sectors(readers.newest_state(troubled, DAY))
        assert gains[17] == "high"
        assert gains.count(None) == 8  # of the silent board
        figure = tiles.gain_tiles(gains, {17})
        labels = [text.get_text() for axes in figure.axes for text in axes.texts]
        assert len(set(labels)) == 128
        assert {"O-00N", "O-31S", "I-00N", "I-31S"} <= set(labels)
        titles = [axes.get_title(loc="left") for axes in figure.axes]
        assert titles == ["OHCal: 55 normal, 1 high, 8 not read", "IHCal: 64 normal"]

    def test_only_what_is_wrong_in_the_cycle_shown_is_framed(self, troubled: Database) -> None:
        found = anomalies_of_day(troubled, DAY)
        modes = found[found["kind"] == "mode"]
        assert tiles.outlined(modes, pd.Timestamp(START + 35 * STEP)) == {17}
        assert tiles.outlined(modes, pd.Timestamp(START + 10 * STEP)) == set()


class TestSupplies:
    def test_without_readings_it_is_said_loudly(self, database: Database) -> None:
        section = supply_section(supplies_of_day(database, DAY))
        assert section.text.startswith("NO SUPPLY READINGS")
        assert not section.figures

    def test_what_was_not_on_all_day_is_listed(self, database: Database) -> None:
        with database.transaction() as cursor:
            cursor.execute("select hcal.ensure_month('supply_reading', %s)", (START,))
            for hour in range(3):
                for channel in range(4):
                    state = "Tripped" if (hour, channel) == (1, 2) else "On"
                    cursor.execute(
                        "insert into hcal.supply_reading (ts, crate, kind, slot, channel, hcal_sector, state,"
                        " v_set, v_meas, i_meas) values (%s, 'east', 'mpod', 0, %s, %s, %s, 65.5, 65.4, 0)",
                        (START + timedelta(hours=hour), channel, channel + 30, state),
                    )
        section = supply_section(supplies_of_day(database, DAY))
        assert section.text == "4 channels of 1 crates and meters were read. Last state: 4 On."
        [row] = section.tables[0].rows
        assert row[:4] == ["east slot 0 channel 2", "I-00", "On", 1]
        assert len(section.figures) == 1


def test_a_tower_outside_the_limits_heads_the_table(day: Database) -> None:
    table = worst_towers(readers.towers_of_day(day, DAY), (15, 30))
    assert str(table.rows[0][0]).endswith("(O-08N)")
    assert table.rows[0][3].endswith("to 33.50")


def test_the_command_line_does_the_whole_day(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSA_HCAL_DATABASE_URL", database.url)
    monkeypatch.setenv("DSA_HCAL_STATE_DIR", str(tmp_path))
    land(tmp_path / "incoming" / "hcal", snapshot(0), snapshot(1, boards=["80", "42"]))
    run = CliRunner()
    loaded = run.invoke(hcal, ["load", DAY], catch_exceptions=False)
    assert "2 loaded; 3264 rows" in loaded.output
    assert "board 42 is not in the map" in loaded.output
    assert "384 half_sector" not in run.invoke(hcal, ["rollup", DAY], catch_exceptions=False).output
    shown = run.invoke(hcal, ["report", DAY, "--into", str(tmp_path / "out")], catch_exceptions=False)
    assert "passed" in shown.output
    listed = run.invoke(hcal, ["anomalies", DAY], catch_exceptions=False)
    assert listed.output == "0 anomalies, 0 of them errors\n"
    missing = run.invoke(hcal, ["gaps", DAY], catch_exceptions=False)
    assert (
        "board 97: 2025-06-05 00:10:00 to 2025-06-05 00:20:00, 1 cycles: board not polled" in missing.output
    )
    rows = run.invoke(hcal, ["gaps", DAY, "--csv"], catch_exceptions=False).output.splitlines()
    assert rows[0] == "start,end,board,reason,cycles"
    assert (tmp_path / "out" / "report.html").exists()


def test_the_command_line_shows_and_writes_the_map(tmp_path: Path) -> None:
    run = CliRunner()
    assert "board 80: O-08N O-08S" in run.invoke(hcal, ["map", "show"], catch_exceptions=False).output
    run.invoke(hcal, ["map", "write", str(tmp_path / "map.csv")], catch_exceptions=False)
    again = run.invoke(hcal, ["map", "show", "--file", str(tmp_path / "map.csv")], catch_exceptions=False)
    assert again.output.startswith("valid from 2023-01-01 until further notice")
    assert io.StringIO(again.output).readlines()[-1].startswith("board 97")
