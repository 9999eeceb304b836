"""The acquisition process is killed at any moment: only complete snapshots are ever visible."""

import random
import signal
import subprocess
import sys
import time

import pytest

from dsa_hcal_assets.hcal.controllers.boards import write_boards
from dsa_hcal_assets.hcal.controllers.snapshot import read_snapshot
from dsa_hcal_assets.simulation.boards.rack import Rack, rack_in_thread

ACQUIRE = "from dsa_hcal_assets.cli.acquire import acquire; acquire()"


@pytest.fixture(scope="module")
def boards_file(tmp_path_factory):
    with rack_in_thread(Rack(7, ["80", "84"])) as rack:
        path = tmp_path_factory.mktemp("boards") / "boards.toml"
        write_boards(path, rack.boards)
        yield path


@pytest.fixture
def start(boards_file, tmp_path):
    """Start an acquisition that writes as often as it can; kills what is left of it at the end."""
    started = []

    def start():
        options = ["--boards", str(boards_file), "--into", str(tmp_path), "--every", "0.05"]
        process = subprocess.Popen([sys.executable, "-c", ACQUIRE, *options], stderr=subprocess.PIPE)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=10)


def visible(directory):
    """All files a reader of the directory takes notice of."""
    return sorted(path for path in (directory / "hcal").glob("*") if not path.name.startswith("."))


def wait_for_more(directory, count):
    deadline = time.monotonic() + 30
    while len(visible(directory)) < count:
        assert time.monotonic() < deadline, "no snapshot within 30 s"
        time.sleep(0.01)


def test_kill_9_at_random_moments_shows_only_complete_snapshots_and_the_next_start_goes_on(start, tmp_path):
    moments = random.Random(20261121)
    starts = 4
    for _ in range(starts):
        process = start()
        wait_for_more(tmp_path, len(visible(tmp_path)) + 2)
        time.sleep(moments.uniform(0, 0.3))
        process.kill()
        assert process.wait(10) == -signal.SIGKILL
        snapshots = [read_snapshot(path) for path in visible(tmp_path)]
    by_start = {}
    for snapshot in snapshots:
        by_start.setdefault(snapshot.acquisition_id, []).append(snapshot.sequence)
    assert len(by_start) == starts
    for sequence in by_start.values():
        assert sequence == list(range(len(sequence)))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_polite_signal_ends_it_with_everything_written(start, tmp_path, number):
    process = start()
    wait_for_more(tmp_path, 2)
    process.send_signal(number)
    _, log = process.communicate(timeout=20)
    assert process.returncode == 0, log.decode()
    for path in visible(tmp_path):
        read_snapshot(path)
    assert [path.name for path in (tmp_path / "hcal").glob(".*.part")] == []


@pytest.mark.verify
def test_a_hundred_kills_in_a_row(start, tmp_path):
    moments = random.Random(1121)
    for _ in range(100):
        process = start()
        wait_for_more(tmp_path, len(visible(tmp_path)) + 1)
        time.sleep(moments.uniform(0, 0.2))
        process.kill()
        process.wait(10)
    ids = {read_snapshot(path).acquisition_id for path in visible(tmp_path)}
    assert len(ids) == 100
