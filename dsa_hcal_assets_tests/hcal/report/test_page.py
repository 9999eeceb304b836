"""Pictures and report: right place, right colour, nothing missing goes unmarked."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from dsa_hcal_assets.cli.hcal import hcal
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal import maps, readers
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.geometry import Detector
from dsa_hcal_assets.hcal.report.page import build_report
from dsa_hcal_assets.hcal.report.tables import board_table, worst_towers
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.products import Provenance
from dsa_hcal_assets.quality import figures
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets_tests.hcal.detector import DAY, land, snapshot


def test_a_tower_is_drawn_at_its_eta_and_phi(day: Database) -> None:
    towers = readers.towers_of_day(day, DAY)
    grid = maps.tower_grid(towers, Detector.INNER, "temperature")
    assert grid.shape == (24, 64)
    one = towers.query("detector == 1 and ieta == 5 and iphi == 40").iloc[0]
    assert grid[5, 40] == one["temperature"]


def texts(figure: object) -> str:
    return " ".join(text.get_text() for axes in figure.axes for text in axes.texts)  # type: ignore[attr-defined]


def test_missing_towers_are_said_and_hot_ones_framed(day: Database) -> None:
    towers = readers.towers_of_day(day, DAY)
    towers.loc[:23, "temperature"] = np.nan
    towers.loc[100, "temperature"] = 33.5
    figure = maps.eta_phi_map(towers, Detector.OUTER, maps.TEMPERATURE, (15, 30))
    assert "24 of 1536 not read" in texts(figure)
    assert "1 outside 15–30 °C" in texts(figure)
    [frame] = figure.axes[0].patches
    assert frame.get_xy() == (towers["iphi"][100] - 0.5, towers["ieta"][100] - 0.5)  # type: ignore[attr-defined]
    assert figures.png(figure).startswith(b"\x89PNG")


def test_a_map_of_nothing_is_still_a_map() -> None:
    towers = geometry.towers()
    nothing = pd.DataFrame(
        {"detector": towers.detector, "ieta": towers.ieta, "iphi": towers.iphi, "leakage": np.nan}
    )
    assert "1536 of 1536 not read" in texts(maps.eta_phi_map(nothing, Detector.OUTER, maps.LEAKAGE))


def test_equal_data_give_equal_pictures(day: Database) -> None:
    towers = readers.towers_of_day(day, DAY)
    one, two = (figures.png(maps.eta_phi_map(towers, Detector.OUTER, maps.LEAKAGE)) for _ in range(2))
    assert one == two


@pytest.mark.parametrize("detector", Detector)
def test_strips_and_profiles_are_drawn_also_without_data(day: Database, detector: Detector) -> None:
    hours = readers.rollup_of_day(day, "half_sector_hour", DAY)
    for frame in (hours, hours.iloc[:0]):
        assert figures.png(maps.half_sector_strip(frame, detector, maps.TEMPERATURE))
        assert figures.png(maps.sector_profile(frame, detector, maps.TEMPERATURE))


def test_a_tower_outside_the_limits_heads_the_table(day: Database) -> None:
    table = worst_towers(readers.towers_of_day(day, DAY), (15, 30))
    assert str(table.rows[0][0]).endswith("(O-08N)")
    assert table.rows[0][3].endswith("to 33.50")


def test_the_board_table_says_since_when(day: Database) -> None:
    rows = {row[0]: row for row in board_table(readers.board_health(day, DAY)).rows}
    assert len(rows) == 16
    assert rows["board 82"][1] == "partial since 01:10:00"
    assert rows["board 91"][2:6] == [6, 0, 1, 0]
    assert rows["board 91"][7] == "board 91 did not answer"


def test_the_report_shows_maps_boards_and_every_check(
    day: Database, day_ledger: Ledger, thresholds: Thresholds, tmp_path: Path
) -> None:
    report = build_report(day, day_ledger, DAY, thresholds, Provenance({"day": DAY}, (), "run-7"))
    assert set(report.maps) == {
        f"{what}_{where}" for what in ("temperature", "leakage") for where in ("OHCal", "IHCal")
    }
    assert "board 91 did not answer" in report.html
    assert "7 snapshots from 00:00:00 to 01:10:00 UTC" in report.html
    assert "run-7" in report.html
    for verdict in report.verdicts:
        assert f"{verdict.stage}.{verdict.metric}" in report.html
    report.write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "report.html",
        *(f"{name}.png" for name in report.maps),
    }
    assert {metric.name for metric in report.metrics()} == {"bytes", "maps"}


def test_the_command_line_does_the_whole_day(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSA_HCAL_DATABASE_URL", database.url)
    monkeypatch.setenv("DSA_HCAL_STATE_DIR", str(tmp_path))
    land(tmp_path / "incoming" / "hcal", snapshot(0), snapshot(1, boards=["80", "42"]))
    run = CliRunner()
    loaded = run.invoke(hcal, ["load", DAY], catch_exceptions=False)
    assert "2 loaded; 3264 rows" in loaded.output
    assert "board 42 is not in the channel map" in loaded.output
    assert "384 half_sector" not in run.invoke(hcal, ["rollup", DAY], catch_exceptions=False).output
    shown = run.invoke(hcal, ["report", DAY, "--into", str(tmp_path / "out")], catch_exceptions=False)
    assert "passed" in shown.output
    assert (tmp_path / "out" / "report.html").exists()


def test_the_command_line_shows_and_writes_the_map(tmp_path: Path) -> None:
    run = CliRunner()
    assert "board 80: O-08N O-08S" in run.invoke(hcal, ["map", "show"], catch_exceptions=False).output
    run.invoke(hcal, ["map", "write", str(tmp_path / "map.csv")], catch_exceptions=False)
    again = run.invoke(hcal, ["map", "show", "--file", str(tmp_path / "map.csv")], catch_exceptions=False)
    assert again.output.startswith("valid from 2023-01-01 until further notice")
    assert io.StringIO(again.output).readlines()[-1].startswith("board 97")
