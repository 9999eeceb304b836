"""`dsa-hcal daq run` on a directory of configuration, as a user starts it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_MAIN = "from dsa_hcal_assets.cli import main; main()"
_SECONDS = 60


@contextmanager
def acquisition(config_dir: Path, place: Path) -> Iterator[Callable[[Callable[[], object]], None]]:
    """Run it in `place`, with modules there importable; yield a function that waits for a condition.

    It is asked to end at the end, and must do so in order.
    """
    modules = os.pathsep.join([str(place), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "DSA_HCAL_STATE_DIR": str(place / "state"), "PYTHONPATH": modules}
    log = place / "supervisor.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", _MAIN, "daq", "run", str(config_dir)],
            cwd=place,
            env=environment,
            stdout=output,
            stderr=output,
        )

    def until(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + _SECONDS
        while not condition():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(0.1)

    try:
        yield until
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()
