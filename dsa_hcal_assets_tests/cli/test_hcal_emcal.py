"""`dsa-hcal hcal emcal` and `dsa-hcal simulate emcal`, as typed."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from dsa_hcal_assets.cli.hcal import hcal
from dsa_hcal_assets.hcal.emcal.board_map import load_board_map
from dsa_hcal_assets_tests.hcal.emcal import calorimeter


@pytest.fixture
def run(database, tmp_path):
    environ = {"DSA_HCAL_DATABASE_URL": database.url, "DSA_HCAL_STATE_DIR": str(tmp_path)}

    def run(*arguments, **more):
        return CliRunner().invoke(hcal, ["emcal", *arguments], env=environ | more, catch_exceptions=False)

    return run


def test_simulated_boards_are_acquired_into_snapshots(run, tmp_path):
    controllers = tmp_path / "controllers.toml"
    program = [str(Path(sys.executable).parent / "dsa-hcal"), "simulate", "emcal", "--sectors", "2"]
    options = ["--controllers-file", str(controllers), "--latency-ms", "1", "--fault", "S01=echo"]
    with subprocess.Popen([*program, *options], stdout=subprocess.DEVNULL) as simulator:
        try:
            deadline = time.monotonic() + 60
            while not controllers.exists():
                assert simulator.poll() is None, "the simulator ended"
                assert time.monotonic() < deadline, "the simulator never listened"
                time.sleep(0.05)
            result = run("acquire", "--controllers", str(controllers), "--cycles", "2", "--every", "0.2")
        finally:
            simulator.terminate()
            simulator.wait(20)
    assert "2 snapshots taken, 2 written" in result.output
    assert len(list((tmp_path / "incoming" / "emcal").glob("*.snap"))) == 2


def test_a_day_is_loaded_from_what_landed(run, tmp_path, database):
    incoming = tmp_path / "incoming" / "emcal"
    [path] = calorimeter.land(incoming, calorimeter.snapshot(0, sectors=[8]))
    shutil.copy(path, incoming / "emcal_copy.snap")
    (incoming / "emcal_broken.snap").write_bytes(b"nonsense")
    result = run("load", calorimeter.DAY)
    assert "1 new, 1 known, 1 quarantined" in result.output
    assert "1 loaded; 384 rows" in result.output
    assert database.rows("select count(*) from hcal.emcal_reading") == [(384,)]


def test_the_map_is_shown_and_written_as_a_start_for_the_real_one(run, tmp_path):
    shown = run("map", "show").output
    assert "valid from 2023-01-01 until further notice" in shown
    assert "S08: S08-0 S08-1 S08-2 S08-3 S08-4 S08-5" in shown
    assert "EMCAL_BOARD_MAP_FILE" in run("map", "write", str(tmp_path / "maps")).output
    assert load_board_map(tmp_path / "maps" / "board_map.csv").digest == load_board_map().digest
