"""`dsa-hcal hcal registers` and `dsa-hcal simulate registers`, as typed."""

import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from dsa_hcal_assets.cli.hcal import hcal
from dsa_hcal_assets.daq.jobs import JobContext
from dsa_hcal_assets.daq.streams.opening import StreamPlace
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.hcal.controllers.boards import read_boards
from dsa_hcal_assets.hcal.registers.registers_job import BoardRegistersConfig, BoardRegistersJob
from dsa_hcal_assets.hcal.registers.snapshot import REGISTERS, read_snapshot
from dsa_hcal_assets_tests.hcal.registers.described import DAY, snapshot

EXAMPLE = Path(__file__).parents[2] / "examples" / "registers"
TABLE = EXAMPLE / "adc.toml"


@pytest.fixture
def run(database, tmp_path):
    environ = {"DSA_HCAL_DATABASE_URL": database.url, "DSA_HCAL_STATE_DIR": str(tmp_path)}

    def run(*arguments):
        return CliRunner().invoke(hcal, ["registers", *arguments], env=environ, catch_exceptions=False)

    return run


def test_a_table_is_checked_and_shown(run, tmp_path):
    shown = run("check", str(TABLE)).output
    assert "adc: 5 registers over text" in shown
    assert "temperature_fpga: Temperature of the FPGA; 16 bits degC, normal 10 to 80" in shown
    assert "link: bits 1-3, normal 4, 5" in shown
    with pytest.raises(ConfigurationError, match="cannot be read"):
        run("check", str(tmp_path / "none.toml"))


def test_a_day_is_loaded_from_what_landed(run, tmp_path, database):
    REGISTERS.write(tmp_path / "incoming" / "registers", snapshot())
    assert "1 loaded; 5 rows" in run("load", DAY).output
    assert database.rows("select count(*) from hcal.register_reading") == [(5,)]


def test_simulated_boards_are_polled_by_the_job(tmp_path, monkeypatch):
    boards = tmp_path / "boards.toml"
    program = [str(Path(sys.executable).parent / "dsa-hcal"), "simulate", "registers", str(TABLE)]
    options = ["--boards-file", str(boards), "--count", "2", "--latency-ms", "1"]
    with subprocess.Popen([*program, *options], stdout=subprocess.DEVNULL) as simulator:
        try:
            deadline = time.monotonic() + 60
            while not boards.exists():
                assert simulator.poll() is None, "the simulator ended"
                assert time.monotonic() < deadline, "the simulator never listened"
                time.sleep(0.05)
            group = {"boards_file": boards, "table_file": TABLE}
            config = BoardRegistersConfig(
                type="board_registers", id="registers", directory=tmp_path / "registers", group=[group]
            )
            job = BoardRegistersJob(config, JobContext("hall", StreamPlace(tmp_path, shared_memory=False)))
            monkeypatch.setattr(job, "publish", lambda *told, **facts: None)
            job.setup()
            job.step()
            job.teardown()
        finally:
            simulator.terminate()
            simulator.wait(20)
    [path] = (tmp_path / "registers").glob("*.snap")
    taken = read_snapshot(path)
    assert [(board.board, board.status) for board in taken.boards] == [("adc00", "ok"), ("adc01", "ok")]
    assert all(value.ok is not False for board in taken.boards for value in board.values(taken.tables[0]))


def test_the_example_is_a_job():
    config = BoardRegistersConfig.model_validate(tomllib.loads((EXAMPLE / "job.toml").read_text()))
    assert [group.table_file.name for group in config.group] == ["adc.toml"]
    assert [board.id for board in read_boards(EXAMPLE / "boards.toml")] == ["adc00", "adc01"]
