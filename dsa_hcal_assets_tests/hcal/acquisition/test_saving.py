"""Snapshots reach the disk beside the polling; a full disk delays them and says so."""

import asyncio
import time
from datetime import timedelta

import pytest

from dsa_hcal_assets.daq.durable_file import DiskFull
from dsa_hcal_assets.hcal.acquisition.saving import SnapshotSaver
from dsa_hcal_assets.hcal.controllers.readings import Snapshot
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS, read_snapshot
from dsa_hcal_assets_tests.daq.test_durable_file import file_size_limit
from dsa_hcal_assets_tests.hcal.acquisition.conftest import NOW


def snapshot(number):
    return Snapshot(NOW + timedelta(seconds=number), number, "test", -1, ())


def sequences(directory):
    return [read_snapshot(path).sequence for path in sorted(directory.glob("*.snap"))]


def saving(directory, script, *, limit=100, retry=0.05):
    """Run `script(saver)` while a saver writes."""

    async def run():
        saver = SnapshotSaver(CONTROLLERS, directory, limit, retry)
        writing = asyncio.create_task(saver.run())
        try:
            await script(saver)
        finally:
            writing.cancel()
        return saver

    return asyncio.run(run())


def test_snapshots_are_written_as_they_come(tmp_path):
    async def script(saver):
        for number in range(3):
            saver.put(snapshot(number))
        await saver.finish(5)

    saver = saving(tmp_path, script)
    assert sequences(tmp_path) == [0, 1, 2]
    assert (saver.written, saver.waiting, saver.trouble) == (3, 0, None)


def test_a_full_disk_is_an_alarm_and_nothing_is_lost_when_it_ends(tmp_path, caplog):
    async def script(saver):
        with file_size_limit(50):
            for number in range(4):
                saver.put(snapshot(number))
                await asyncio.sleep(0.06)
            assert isinstance(saver.trouble, DiskFull)
            assert saver.waiting == 4
            assert sequences(tmp_path) == []
        await saver.finish(5)

    saving(tmp_path, script)
    assert sequences(tmp_path) == [0, 1, 2, 3]
    assert "ALARM" in caplog.text
    assert "alarm over" in caplog.text


def test_memory_stays_bounded_while_the_disk_is_full(tmp_path):
    async def script(saver):
        with file_size_limit(50):
            for number in range(50):
                saver.put(snapshot(number))
                await asyncio.sleep(0)
                assert saver.waiting <= 8
        await saver.finish(5)

    saver = saving(tmp_path, script, limit=8)
    kept = sequences(tmp_path)
    assert (kept[0], kept[-1]) == (0, 49)
    assert len(kept) + saver.given_up == 50


def test_a_slow_disk_does_not_hold_up_the_caller(tmp_path, monkeypatch):
    async def script(saver):
        monkeypatch.setattr(saver, "_write", lambda snapshot: time.sleep(2))
        began = time.monotonic()
        saver.put(snapshot(0))
        await asyncio.sleep(0.01)
        assert time.monotonic() - began < 1.5
        await saver.finish(5)

    saving(tmp_path, script)


def test_two_cycles_of_one_microsecond_are_both_kept(tmp_path):
    async def script(saver):
        saver.put(Snapshot(NOW, 0, "test", -1, ()))
        saver.put(Snapshot(NOW, 1, "test", -1, ()))
        await saver.finish(5)

    saving(tmp_path, script)
    assert sequences(tmp_path) == [0, 1]


@pytest.mark.parametrize("seconds", [0.1])
def test_finishing_is_bounded_when_the_disk_stays_full(tmp_path, seconds):
    async def script(saver):
        with file_size_limit(50):
            saver.put(snapshot(0))
            began = time.monotonic()
            await saver.finish(seconds)
            assert time.monotonic() - began < 2

    assert saving(tmp_path, script).waiting == 1


def test_a_defect_in_writing_is_not_hidden(tmp_path, monkeypatch):
    async def run():
        saver = SnapshotSaver(CONTROLLERS, tmp_path, 10, 0.05)
        monkeypatch.setattr(saver, "_write", lambda snapshot: 1 / 0)
        saver.put(snapshot(0))
        await saver.run()

    with pytest.raises(ZeroDivisionError):
        asyncio.run(asyncio.wait_for(run(), 5))
