"""The supplies as a job of the framework: a durable file a step, live copies, one writer."""

import os
import signal
import subprocess
import sys
import time

import pytest

from dsa_hcal_assets.daq.jobs import JobContext
from dsa_hcal_assets.daq.streams.opening import StreamPlace
from dsa_hcal_assets.hcal.supplies.snapshot import read_snapshot
from dsa_hcal_assets.hcal.supplies.supplies_job import HcalSupplies, HcalSuppliesConfig
from dsa_hcal_assets.hcal.supplies.units import read_units, write_units
from dsa_hcal_assets.simulation.supplies.bench import LV, METER, MPOD, SimulatedSupplies, supplies_in_thread
from dsa_hcal_assets.simulation.supplies.supplies_job import SimulatedSuppliesConfig, SimulatedSuppliesJob
from dsa_hcal_assets_tests.hcal.acquisition.job_making import jobs_of


@pytest.fixture(scope="module")
def supplies():
    simulated = SimulatedSupplies(7, lv_every=2)
    with supplies_in_thread(simulated):
        yield simulated


@pytest.fixture
def make(supplies, tmp_path):
    """Make the job as its process would, without a broker; torn down at the end."""
    write_units(tmp_path / "supplies.toml", supplies.units)
    paths = {"supplies_file": tmp_path / "supplies.toml", "directory": tmp_path / "supplies"}
    with jobs_of(HcalSupplies, HcalSuppliesConfig, tmp_path, **paths) as make:
        yield make


def snapshots(tmp_path):
    return [read_snapshot(path) for path in sorted((tmp_path / "supplies").glob("*.snap"))]


def test_each_supply_is_read_when_it_is_due(make, tmp_path):
    job = make()
    job.setup()
    for _ in range(3):
        job.step()
    job.teardown()
    assert [[board.board for board in snapshot.boards] for snapshot in snapshots(tmp_path)] == [
        [MPOD, LV, METER],
        [MPOD, METER],
        [MPOD, LV, METER],
    ]


def test_bias_crates_are_read_every_minute_unless_told_otherwise(make):
    assert make().config.interval == 60.0


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
