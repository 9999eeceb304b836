import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dsa_hcal_assets.services import read_status
from dsa_hcal_assets.services.environment import supervisor_id
from dsa_hcal_assets.services.sweep import leftovers

CODE = """
import functools
from dsa_hcal_assets.cli import up
from dsa_hcal_assets.services import Stack
up.Stack = functools.partial(
    Stack, definitions="dsa_hcal_assets_tests.services.tiny_definitions", without=["api", "casa"]
)
up.up()
"""


@pytest.mark.services
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.verify)])
def test_up_shows_the_services_follows_them_and_stops_all_when_told(
    passable_directory: Path, number: signal.Signals
):
    state = passable_directory / number.name
    ports = {f"DSA_HCAL_{name}_PORT": "0" for name in ("API", "WEBSERVER", "DATABASE")}
    process = subprocess.Popen(
        [sys.executable, "-c", CODE],
        env={**os.environ, **ports, "DSA_HCAL_STATE_DIR": str(state), "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # as a script's "&" does
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C stops" in line:
            break
    text = "".join(lines)
    assert "webserver: http://127.0.0.1:" in text
    assert "code-server" in text
    before = read_status(state).services["daemon"].pid
    os.kill(before, signal.SIGKILL)
    for line in process.stdout:
        if "daemon: backing off" in line:
            break
    process.send_signal(number)
    begun = time.monotonic()
    assert "Stopping" in process.stdout.read()
    assert process.wait(60) == 0
    assert time.monotonic() - begun < 60
    assert leftovers(supervisor_id(state)) == []
