"""The rig's steps on the command line, on files alone."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from dsa_hcal_assets.cli.rig import rig, simulate_rig
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.rig.cleaning import PROCESSED_COLUMNS
from dsa_hcal_assets.rig.csv_text import raw_text
from dsa_hcal_assets.simulation.rig import simulate

START = datetime(2025, 6, 5, tzinfo=UTC)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "raw.csv"
    path.write_bytes(raw_text(simulate(START, rows=50, anomalies=0)))
    return path


def run(command, *words, code=0, **options):
    result = CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False, **options)
    assert result.exit_code == code, result.output
    return result


def test_clean_writes_the_processed_csv_and_tells_what_was_dropped(file, tmp_path):
    text = run(rig, "clean", file)
    assert text.stdout.splitlines()[0] == ",".join(PROCESSED_COLUMNS)
    assert "kept 50 of 50 rows" in text.stderr
    out = tmp_path / "out.csv"
    run(rig, "clean", file, "-o", out)
    assert out.read_text() == text.stdout


def test_kpis_are_json(file):
    assert json.loads(run(rig, "kpis", file).stdout)["total_records"] == 50


def test_settings_are_read(file):
    low = run(rig, "kpis", file, env={"TEMPERATURE_THRESHOLD_HIGH": "0"}).stdout
    assert json.loads(low)["alert_count"] >= 50


def test_report_is_written_and_a_closed_gate_is_exit_code_1(file, tmp_path):
    page = tmp_path / "report.html"
    run(rig, "report", file, "-o", page)
    assert "Test rig" in page.read_text()
    file.write_text("timestamp,temperature,pressure,uptime\n2025-06-05T00:00:00Z,999,1,1\n")
    assert "rig_clean.kept_fraction" in run(rig, "report", file, "-o", page, code=1).stderr


def test_a_bad_file_names_itself(tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("x\n")
    with pytest.raises(BadInput, match=r"bad\.csv"):
        run(rig, "kpis", bad)


def test_simulated_files_land_whole_one_a_day(tmp_path):
    words = ["--start", "2025-06-05", "--rows", 480, "-d", tmp_path / "rig"]
    first = run(simulate_rig, *words).stdout.split()
    assert len(first) == 2
    assert run(simulate_rig, *words).stdout.split() == first
    assert run(rig, "kpis", first[0]).exit_code == 0


def test_they_land_in_the_incoming_directory_by_default(tmp_path):
    run(simulate_rig, env={"DSA_HCAL_STATE_DIR": str(tmp_path), "DSA_HCAL_RIG__ROWS": "7"})
    (path,) = (tmp_path / "incoming" / "rig").iterdir()
    assert len(path.read_text().splitlines()) == 8
