"""The job: cadence, one file a cycle, stop, and what it says of itself."""

import asyncio
import logging
from dataclasses import replace
from itertools import pairwise

import pytest

from dsa_hcal_assets.daq.durable_file import DiskFull
from dsa_hcal_assets.daq.one_writer import SecondWriter, one_writer
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.hcal.acquisition import job
from dsa_hcal_assets.hcal.controllers.boards import write_boards
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS, read_snapshot
from dsa_hcal_assets.settings import Settings, load_settings
from dsa_hcal_assets.settings.hcal import HcalSettings
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.boards.rack import Rack, rack_in_thread
from dsa_hcal_assets_tests.daq.test_durable_file import file_size_limit
from dsa_hcal_assets_tests.hcal.acquisition.conftest import DEADLINES


@pytest.fixture(scope="module")
def rack():
    with rack_in_thread(Rack(7, ["80", "84"])) as running:
        yield running


def snapshots(directory):
    return [read_snapshot(path) for path in sorted(directory.glob("*.snap"))]


def acquire(rack, directory, **how):
    return asyncio.run(job.acquire(rack.boards, directory, **{"period": 0.3, "deadlines": DEADLINES} | how))


def test_each_cycle_leaves_one_file_with_the_next_sequence(rack, tmp_path):
    summary = acquire(rack, tmp_path / "new" / "hcal", cycles=3, run_number=lambda: 4711)
    taken = snapshots(tmp_path / "new" / "hcal")
    assert [snapshot.sequence for snapshot in taken] == [0, 1, 2]
    assert len({snapshot.acquisition_id for snapshot in taken}) == 1
    assert {snapshot.run_number for snapshot in taken} == {4711}
    assert (summary.cycles, summary.written, summary.given_up) == (3, 3, 0)
    assert all(later.cycle > earlier.cycle for earlier, later in pairwise(taken))


def test_a_sample_is_taken_within_its_cycle(rack, tmp_path):
    acquire(rack, tmp_path, cycles=1)
    (snapshot,) = snapshots(tmp_path)
    for board in snapshot.boards:
        assert 0 <= (board.sampled_at - snapshot.cycle).total_seconds() < 5


def test_a_new_start_has_an_id_of_its_own_and_leaves_what_was_there(rack, tmp_path):
    acquire(rack, tmp_path, cycles=1)
    acquire(rack, tmp_path, cycles=1)
    assert len({snapshot.acquisition_id for snapshot in snapshots(tmp_path)}) == 2


def test_cycles_that_take_too_long_are_skipped_counted_and_logged(rack, tmp_path, caplog):
    rack.set_faults("80", Faults(latency_ms=20))
    summary = acquire(rack, tmp_path, cycles=2, period=0.3)
    rack.set_faults("80", Faults())
    assert summary.skipped >= 1
    assert len(snapshots(tmp_path)) == 2
    assert "skipped" in caplog.text


def test_board_trouble_is_logged_when_it_begins_and_ends_only(rack, tmp_path, caplog):
    async def troubled():
        stop = asyncio.Event()
        running = asyncio.create_task(
            job.acquire(rack.boards, tmp_path, period=0.3, deadlines=DEADLINES, stop=stop)
        )
        for faults, cycles in ((Faults(extra_values=-1, channels=[0]), 3), (Faults(), 2)):
            await asyncio.to_thread(rack.set_faults, "80", faults)
            seen = len(snapshots(tmp_path))
            while len(snapshots(tmp_path)) < seen + cycles:
                await asyncio.sleep(0.05)
        stop.set()
        await running

    with caplog.at_level(logging.INFO):
        asyncio.run(asyncio.wait_for(troubled(), 30))
    lines = [record.getMessage() for record in caplog.records if "board 80" in record.getMessage()]
    assert [line for line in lines if "is partial" in line or "again" in line] == lines[:2]
    assert "WrongCount" in lines[0]
    assert "completely again" in lines[1]


def test_a_stop_ends_it_after_the_current_cycle(rack, tmp_path):
    async def stopped():
        stop = asyncio.Event()
        running = asyncio.create_task(
            job.acquire(rack.boards, tmp_path, period=60, deadlines=DEADLINES, stop=stop)
        )
        await asyncio.sleep(0.01)  # the first cycle has begun
        stop.set()
        return await asyncio.wait_for(running, 10)

    summary = asyncio.run(stopped())
    assert summary.written == len(snapshots(tmp_path)) == summary.cycles


def test_a_disk_that_stays_full_is_the_error_it_ends_with(rack, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(job, "STOP_SECONDS", 0.2)
    with file_size_limit(100), pytest.raises(DiskFull):
        acquire(rack, tmp_path, cycles=3, period=0.2)
    assert list(tmp_path.glob("*.snap")) == []
    assert "3 snapshots are lost" in caplog.text


def test_a_defect_in_writing_ends_the_job_instead_of_polling_for_nothing(rack, tmp_path, monkeypatch):
    defective = replace(CONTROLLERS, encode=lambda snapshot: 1 / 0)
    monkeypatch.setattr("dsa_hcal_assets.hcal.acquisition.board_polling.CONTROLLERS", defective)
    with pytest.raises(ZeroDivisionError):
        acquire(rack, tmp_path)


def test_a_second_acquisition_into_the_same_directory_is_refused(rack, tmp_path):
    with one_writer(tmp_path), pytest.raises(SecondWriter):
        acquire(rack, tmp_path, cycles=1)


def test_parts_of_a_killed_acquisition_are_removed(rack, tmp_path):
    (tmp_path / ".hcal_x.snap.1234.part").write_bytes(b"half")
    acquire(rack, tmp_path, cycles=1)
    assert list(tmp_path.glob(".*.part")) == []


class TestRun:
    def settings(self, tmp_path, rack, **hcal):
        write_boards(tmp_path / "boards.toml", rack.boards)
        return Settings(
            state_dir=tmp_path,
            hcal=HcalSettings(boards_file=tmp_path / "boards.toml", poll_seconds=1, **hcal),
        )

    def test_it_takes_everything_from_the_settings(self, rack, tmp_path):
        (tmp_path / "run").write_text("815\n")
        summary = job.run(self.settings(tmp_path, rack, run_number_file=tmp_path / "run"), cycles=1)
        (snapshot,) = snapshots(tmp_path / "incoming" / "hcal")
        assert summary.written == 1
        assert snapshot.run_number == 815
        assert [board.board for board in snapshot.boards] == ["80", "84"]

    @pytest.mark.parametrize("content", [None, "", "seven", "-3", "9" * 100 + "x", "\udcff"])
    def test_a_run_number_that_cannot_be_read_is_unknown(self, rack, tmp_path, content):
        if content is not None:
            (tmp_path / "run").write_bytes(content.encode("utf-8", "surrogateescape"))
        job.run(self.settings(tmp_path, rack, run_number_file=tmp_path / "run"), cycles=1)
        assert snapshots(tmp_path / "incoming" / "hcal")[0].run_number == -1

    def test_without_boards_it_says_what_to_set(self):
        with pytest.raises(ConfigurationError, match="DSA_HCAL_HCAL__BOARDS_FILE"):
            job.run(load_settings({}))
