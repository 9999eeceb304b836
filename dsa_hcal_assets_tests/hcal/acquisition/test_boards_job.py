"""The acquisition as a job of the framework keeps the promises of the acquisition alone."""

import time
from dataclasses import replace

import pytest

from dsa_hcal_assets.daq.durable_file import DiskFull
from dsa_hcal_assets.daq.jobs.job import JobStopping
from dsa_hcal_assets.hcal.acquisition import polling_job
from dsa_hcal_assets.hcal.acquisition.boards_job import HcalBoards, HcalBoardsConfig
from dsa_hcal_assets.hcal.controllers.boards import write_boards
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS, encode, read_snapshot
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.boards.rack import Rack, rack_in_thread
from dsa_hcal_assets_tests.daq.test_durable_file import file_size_limit
from dsa_hcal_assets_tests.hcal.acquisition.job_making import jobs_of


@pytest.fixture(scope="module")
def rack():
    with rack_in_thread(Rack(7, ["80", "84"])) as running:
        yield running


@pytest.fixture
def make(rack, tmp_path):
    """Make the job as its process would, without a broker; torn down at the end."""
    write_boards(tmp_path / "boards.toml", rack.boards)
    paths = {"boards_file": tmp_path / "boards.toml", "directory": tmp_path / "hcal"}
    with jobs_of(HcalBoards, HcalBoardsConfig, tmp_path, **paths) as make:
        yield make


def snapshots(tmp_path):
    return [read_snapshot(path) for path in sorted((tmp_path / "hcal").glob("*.snap"))]


def steps_until_it_raises(job):
    """Return how many steps were made; the last one raised."""
    deadline = time.monotonic() + 10
    steps = 1
    while not shows_a_full_disk(job):
        assert time.monotonic() < deadline, "the full disk was never shown"
        steps += 1
    return steps


def shows_a_full_disk(job):
    try:
        job.step()
    except DiskFull:
        return True
    return False


def test_each_step_says_how_it_is_to_health_checks(make, rack, monkeypatch):
    job, live = make(), []
    monkeypatch.setattr(job, "publish", lambda topic, value, **_: live.append((topic, value)))
    job.setup()
    job.step()
    rack.set_faults("84", Faults(down=True))
    job.step()
    rack.set_faults("84", Faults())
    job.teardown()

    first, second = (value for topic, value in live if topic == "acquisition.hcal")
    assert (first["boards_ok"], first["boards_down"], first["unhealthy"]) == (2, 0, "")
    assert (second["boards_ok"], second["boards_down"], second["unhealthy"]) == (1, 1, "84")
    assert (second["taken"], second["unsaved"], second["given_up"]) == (2, 0, 0)


def test_a_snapshot_is_encoded_once(make, monkeypatch):
    encoded = []
    counting = replace(CONTROLLERS, encode=lambda snapshot: encoded.append(snapshot) or encode(snapshot))
    monkeypatch.setattr("dsa_hcal_assets.hcal.acquisition.board_polling.CONTROLLERS", counting)
    job = make()
    job.setup()
    for _ in range(2):
        job.step()
    job.teardown()

    assert [snapshot.sequence for snapshot in encoded] == [0, 1]


def test_its_keys_say_what_is_asked_for_in_which_cycle(make, tmp_path):
    job = make(led_cycles=2, pin_diode_cycles=1, dac_cycles=0)
    job.setup()
    for _ in range(3):
        job.step()
    job.teardown()

    channels = [taken.boards[0].channels[0] for taken in snapshots(tmp_path)]
    assert [channel.led_intensity is not None for channel in channels] == [True, False, True]
    assert all(channel.pin_diode is not None for channel in channels)
    assert all(channel.dac is None for channel in channels)


def test_connections_live_on_between_steps(make, rack):
    job = make()
    job.setup()
    before = rack.rack.servers["80"].connections
    for _ in range(3):
        job.step()
    assert rack.rack.servers["80"].connections == before + 1


def test_a_disk_that_is_full_is_shown_and_nothing_taken_is_lost(make, tmp_path):
    job = make()
    job.setup()
    with file_size_limit(100):
        steps = steps_until_it_raises(job)
    job.teardown()

    assert [snapshot.sequence for snapshot in snapshots(tmp_path)] == list(range(steps))


def test_a_stop_in_the_middle_of_a_long_cycle_ends_it_and_keeps_what_was_taken(
    make, rack, tmp_path, monkeypatch
):
    monkeypatch.setattr(polling_job, "STOP_SECONDS", 0.3)
    job = make()
    job.setup()
    job.step()
    rack.set_faults("80", Faults(latency_ms=2000))
    job.stopping.set()
    with pytest.raises(JobStopping):
        job.step()
    rack.set_faults("80", Faults())
    job.teardown()

    assert len(snapshots(tmp_path)) == 1
