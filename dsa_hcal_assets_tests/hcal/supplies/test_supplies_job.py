"""The supplies as a job of the framework: a durable file a step, live copies, one writer."""

import os
import signal
import subprocess
import sys
import time

import pytest

from dsa_hcal_assets.daq.jobs import JobContext
from dsa_hcal_assets.daq.one_writer import SecondWriter, one_writer
from dsa_hcal_assets.daq.streams.opening import StreamPlace
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.hcal.supplies.snapshot import encode, read_snapshot
from dsa_hcal_assets.hcal.supplies.supplies_job import HcalSupplies, HcalSuppliesConfig
from dsa_hcal_assets.hcal.supplies.units import read_units, write_units
from dsa_hcal_assets.simulation.supplies.bench import LV, METER, MPOD, SimulatedSupplies, supplies_in_thread
from dsa_hcal_assets.simulation.supplies.supplies_job import SimulatedSuppliesConfig, SimulatedSuppliesJob


@pytest.fixture(scope="module")
def supplies():
    simulated = SimulatedSupplies(7, lv_every=2)
    with supplies_in_thread(simulated):
        yield simulated


@pytest.fixture
def make(supplies, tmp_path):
    """Make the job as its process would, without a broker; torn down at the end."""

    def make(**keys):
        write_units(tmp_path / "supplies.toml", supplies.units)
        paths = {"supplies_file": tmp_path / "supplies.toml", "directory": tmp_path / "supplies"}
        config = HcalSuppliesConfig(type="hcal_supplies", id="supplies", **(paths | keys))
        made.append(HcalSupplies(config, JobContext("hall", StreamPlace(tmp_path, shared_memory=False))))
        return made[-1]

    made = []
    yield make
    for job in made:
        job.stopping.set()
        job.teardown()


def snapshots(tmp_path):
    return [read_snapshot(path) for path in sorted((tmp_path / "supplies").glob("*.snap"))]


def test_each_step_leaves_one_file_and_publishes_the_same_bytes(make, tmp_path, monkeypatch):
    job, live = make(), []
    monkeypatch.setattr(job, "publish", lambda topic, value, **facts: live.append((topic, value)))
    job.setup()
    for _ in range(3):
        job.step()
    job.teardown()

    taken = snapshots(tmp_path)
    copies = [value for topic, value in live if topic == "hcal.supplies"]
    assert copies == [encode(snapshot) for snapshot in taken]
    assert [[board.board for board in snapshot.boards] for snapshot in taken] == [
        [MPOD, LV, METER],
        [MPOD, METER],
        [MPOD, LV, METER],
    ]


def test_bias_crates_are_read_every_minute_unless_told_otherwise(make):
    assert make().config.interval == 60.0


def test_a_second_one_into_the_same_directory_does_not_start(make, tmp_path):
    (tmp_path / "supplies").mkdir()
    with one_writer(tmp_path / "supplies"), pytest.raises(SecondWriter):
        make().setup()


def test_a_list_of_supplies_that_is_not_there_is_named(make, tmp_path):
    with pytest.raises(ConfigurationError, match=r"missing\.toml"):
        make(supplies_file=tmp_path / "missing.toml").setup()


def test_the_simulated_supplies_are_a_job_too(tmp_path):
    config = SimulatedSuppliesConfig(type="x:y", id="simulated", supplies_file=tmp_path / "run" / "s.toml")
    job = SimulatedSuppliesJob(config, JobContext("hall", StreamPlace(tmp_path, shared_memory=False)))
    job.setup()
    try:
        assert [unit.kind for unit in read_units(tmp_path / "run" / "s.toml")] == [
            "mpod",
            "lv_crate",
            "meter",
        ]
    finally:
        job.teardown()


_POLL = """
import asyncio, sys
from pathlib import Path
from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.supplies.polling import supply_polling
from dsa_hcal_assets.hcal.supplies.units import read_units

async def main():
    units = read_units(Path(sys.argv[1]))
    async with supply_polling(units, Path(sys.argv[2]), Deadlines()) as polling:
        while True:
            await polling.cycle(-1)

asyncio.run(main())
"""


def test_killed_at_any_moment_only_whole_files_are_left(supplies, tmp_path):
    write_units(tmp_path / "supplies.toml", supplies.units)
    directory = tmp_path / "supplies"
    acquisitions = []
    for number in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", _POLL, str(tmp_path / "supplies.toml"), str(directory)], env=os.environ
        ) as process:
            before = len(list(directory.glob("*.snap")))
            deadline = time.monotonic() + 30
            while len(list(directory.glob("*.snap"))) < before + 3 + number:
                assert time.monotonic() < deadline
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
        taken = snapshots(tmp_path)
        acquisitions.append(taken[-1].acquisition_id)
    assert len(set(acquisitions)) == 3
    for acquisition in acquisitions:
        numbers = [one.sequence for one in snapshots(tmp_path) if one.acquisition_id == acquisition]
        assert numbers == list(range(len(numbers)))
