"""`dsa-hcal hcal runs`, `hcal corrections` and `simulate detector-run`, as somebody types them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dsa_hcal_assets.cli.main import dsa_hcal
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.simulation.detector_runs.truth import DetectorTruth
from dsa_hcal_assets_tests.hcal.corrections.detector import Detector

Run = Callable[..., Result]
AMPLITUDES = ("--contents", "amplitudes", "--events", "512")


@pytest.fixture
def run(database: Database, tmp_path: Path) -> Run:
    environ = {
        "DSA_HCAL_DATABASE_URL": database.url,
        "DSA_HCAL_STATE_DIR": str(tmp_path),
        "DSA_HCAL_RUNS__SETTLE_SECONDS": "0",
    }

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(dsa_hcal, arguments, env=environ, catch_exceptions=False)

    return run


def test_a_simulated_run_is_shown_analysed_and_listed(run: Run) -> None:
    made = run("simulate", "detector-run", "--run", "9", "--start", "2026-01-02T06:00:00Z", *AMPLITUDES)
    path = made.output.strip()
    shown = run("hcal", "runs", "show", path).output
    assert "run 9, part 0: led, amplitudes" in shown
    assert "512 events of 3072 towers" in shown
    analysed = run("hcal", "runs", "analyse", "9")
    assert analysed.exit_code == 0
    assert "led run 9: 512 events, 3072 towers" in analysed.output
    assert "coverage = 1  3072 of 3072 towers of OHCal and IHCal" in analysed.output
    assert "9  led       2026-01-02 06:00  512 events  3072 towers" in run("hcal", "runs", "list").output
    assert "no run was analysed" in run("hcal", "runs", "list", "--kind", "pedestal").output
    bad = run("hcal", "corrections", "bad-channels", "--at", "2026-01-03").output
    assert "10 bad channels at 2026-01-03" in bad


def test_a_run_that_fails_its_checks_ends_with_exit_code_1(run: Run) -> None:
    run("simulate", "detector-run", "--run", "9", "--contents", "amplitudes", "--events", "40")
    analysed = run("hcal", "runs", "analyse", "9")
    assert analysed.exit_code == 1
    assert "fail  events = 40" in analysed.output
    assert "fail" in run("hcal", "runs", "list").output


def test_corrections_of_a_day_are_made_and_judged(run: Run, database: Database, tmp_path: Path) -> None:
    day = datetime(2026, 1, 2, tzinfo=UTC)
    detector = Detector(DetectorTruth(seed=4), database, tmp_path, step=timedelta(hours=1))
    detector.take_led_run(50, day + timedelta(hours=9))
    detector.record(day, day + timedelta(days=1))
    made = run("hcal", "corrections", "make", "2026-01-02")
    assert made.exit_code == 0
    assert "set 1 of 2026-01-02: 12288 rows, reference run 50" in made.output
    assert database.rows("select verdict from hcal.correction_set") == [("pass",)]


def test_corrections_without_temperatures_fail(run: Run, database: Database, tmp_path: Path) -> None:
    detector = Detector(DetectorTruth(seed=4), database, tmp_path)
    detector.take_led_run(50, datetime(2026, 1, 2, 9, tzinfo=UTC))
    made = run("hcal", "corrections", "make", "2026-01-02")
    assert made.exit_code == 1
    assert "fail  coverage = 0" in made.output
