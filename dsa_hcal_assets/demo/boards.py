"""The simulated detector of the demo: 16 controllers in a process of their own."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dsa_hcal_assets.errors import DeadlineExceeded, WorkerCrashed

START_SECONDS = 30.0
STOP_SECONDS = 10.0


@contextmanager
def simulated_boards(directory: Path) -> Iterator[Path]:
    """Run the boards while inside; yields the TOML file that tells where they listen.

    Raises
    ------
    WorkerCrashed, DeadlineExceeded
        If they end at once, or do not listen in time.
    """
    directory.mkdir(parents=True, exist_ok=True)
    listing, log = directory / "boards.toml", directory / "boards.log"
    listing.unlink(missing_ok=True)
    command = "from dsa_hcal_assets.cli import main; main()"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", command, "simulate", "boards", "--ports-file", str(listing)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # Ctrl-C goes to the demo alone, which ends the boards last
            start_new_session=True,
        )
    try:
        _await(listing, process, log)
        yield listing
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)


def _await(listing: Path, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not listing.exists():
        if process.poll() is not None:
            raise WorkerCrashed(f"the simulated boards ended with code {process.returncode}", found=str(log))
        if time.monotonic() > deadline:
            raise DeadlineExceeded(f"the simulated boards do not listen after {START_SECONDS:g} s")
        time.sleep(0.1)
