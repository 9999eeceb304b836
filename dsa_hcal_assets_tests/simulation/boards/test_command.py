"""`dsa-hcal simulate boards`: boards listen before their file is there, faults by flag, clean end."""

import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from dsa_hcal_assets.cli.acquire import acquire
from dsa_hcal_assets.cli.simulate_boards import simulate_boards
from dsa_hcal_assets.hcal.controllers.boards import read_boards
from dsa_hcal_assets.hcal.controllers.snapshot import read_snapshot

SIMULATE = "from dsa_hcal_assets.cli.simulate_boards import simulate_boards; simulate_boards()"


def test_the_acquisition_reads_what_the_simulation_serves(tmp_path):
    ports = tmp_path / "boards.toml"
    options = ["--ports-file", str(ports), "--latency-ms", "0", "--fault", "83=down"]
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
    statuses = {board.board: board.status for board in read_snapshot(path).boards}
    assert statuses.pop("83") == "down"
    assert set(statuses.values()) == {"ok"}
    assert len(statuses) == 15


@pytest.mark.parametrize("fault", ["83=dwon", "79=down", "x"])
def test_a_mistake_in_a_fault_ends_with_a_message(tmp_path, fault):
    options = ["--ports-file", str(tmp_path / "b"), "--fault", fault]
    result = CliRunner().invoke(simulate_boards, options)
    assert result.exit_code == 1
    assert fault.split("=")[0] in result.output
