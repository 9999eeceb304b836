"""`dsa-hcal simulate boards`: boards listen before their file is there, faults by flag, clean end."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from click.testing import CliRunner

from dsa_hcal_assets.cli.acquire import acquire
from dsa_hcal_assets.cli.simulate_boards import simulate_boards
from dsa_hcal_assets.hcal.controllers.boards import read_boards
from dsa_hcal_assets.hcal.controllers.snapshot import read_snapshot

SIMULATE = "from dsa_hcal_assets.cli.simulate_boards import simulate_boards; simulate_boards()"


def test_the_acquisition_reads_what_the_simulation_serves(tmp_path):
    ports = tmp_path / "boards.toml"
    options = ["--ports-file", str(ports), "--latency-ms", "0", "--dead-towers", "0.1"]
    options += ["--fault", "83=down", "--fault", "84=power_cut"]
    with subprocess.Popen([sys.executable, "-c", SIMULATE, *options], stderr=subprocess.PIPE) as simulation:
        try:
            deadline = time.monotonic() + 30
            while not ports.exists():
                assert time.monotonic() < deadline
                time.sleep(0.02)
            assert len(read_boards(ports)) == 16
            result = CliRunner().invoke(acquire, ["--once", "--boards", str(ports), "--into", str(tmp_path)])
            assert result.exit_code == 0, result.output
            simulation.send_signal(signal.SIGTERM)
            assert simulation.wait(20) == 0
        finally:
            simulation.kill()
    (path,) = (tmp_path / "hcal").glob("*.snap")
    boards = {board.board: board for board in read_snapshot(path).boards}
    assert {channel.gain for channel in boards["84"].channels} == {"high"}
    assert {channel.gain for channel in boards["85"].channels} == {"normal"}
    leakage = np.concatenate([channel.leakage for channel in boards["85"].channels])
    assert 0 < (leakage == 0).sum() < 60
    statuses = {name: board.status for name, board in boards.items()}
    assert statuses.pop("83") == "down"
    assert set(statuses.values()) == {"ok"}
    assert len(statuses) == 15


@pytest.mark.parametrize("fault", ["83=dwon", "79=down", "x"])
def test_a_mistake_in_a_fault_ends_with_a_message(tmp_path, fault):
    options = ["--ports-file", str(tmp_path / "b"), "--fault", fault]
    result = CliRunner().invoke(simulate_boards, options)
    assert result.exit_code == 1
    assert fault.split("=")[0] in str(result.exception)
