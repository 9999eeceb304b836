"""`dsa-hcal simulate supplies` and `dsa-hcal hcal supplies`: read once, load a day, show a state."""

import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from dsa_hcal_assets.cli.hcal_supplies import supplies
from dsa_hcal_assets.cli.simulate_supplies import simulate_supplies
from dsa_hcal_assets_tests.hcal.supplies.scene import DAY, land, snapshot

SIMULATE = "from dsa_hcal_assets.cli.simulate_supplies import simulate_supplies; simulate_supplies()"


def run(*words):
    result = CliRunner().invoke(supplies, words)
    assert result.exit_code == 0, result.output
    return result.output


def test_what_is_simulated_is_read_once_and_shown(tmp_path):
    listed = tmp_path / "supplies.toml"
    command = [sys.executable, "-c", SIMULATE, "--supplies-file", str(listed), "--fault", "keithley=down"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as simulation:
        try:
            deadline = time.monotonic() + 30
            while not listed.exists():
                assert time.monotonic() < deadline
                time.sleep(0.02)
            shown = run("read", str(listed))
            simulation.send_signal(signal.SIGTERM)
            assert simulation.wait(20) == 0
        finally:
            simulation.kill()
    assert "mpod (mpod): ok, main switch on" in shown
    assert shown.count(" On\n") == 64
    assert "lv (lv_crate): ok" in shown
    assert "keithley (meter): down" in shown
    assert "BoardUnreachable" in shown


@pytest.mark.parametrize("fault", ["mpod=dwon", "fridge=down"])
def test_a_mistake_in_a_fault_ends_with_a_message(tmp_path, fault):
    result = CliRunner().invoke(
        simulate_supplies, ["--supplies-file", str(tmp_path / "s.toml"), "--fault", fault]
    )
    assert result.exit_code == 1
    assert fault.split("=")[0] in str(result.exception)


def test_a_day_is_loaded_and_its_state_shown(tmp_path, database, monkeypatch):
    monkeypatch.setenv("DSA_HCAL_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("DSA_HCAL_DATABASE_URL", database.url)
    incoming = tmp_path / "incoming" / "supplies"
    land(incoming, snapshot(0), snapshot(1, down={"keithley"}))
    (incoming / "broken.snap").write_bytes(b"nonsense")
    told = run("load", DAY)
    assert "2 new, 0 known, 1 quarantined" in told
    assert "2 loaded" in told
    assert "2 replaced" in run("load", DAY, "--everything")
    shown = run("state", "--at", f"{DAY}T00:01:30").splitlines()
    assert len(shown) == 1 + 64 + 256 + 1
    assert sum(" On " in line for line in shown) == 64
