"""An acquisition says of itself how it is, beside its snapshots, even when these cannot be written."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.hcal.acquisition.board_polling import board_polling
from dsa_hcal_assets.hcal.acquisition.note import read_note, write_note
from dsa_hcal_assets.hcal.snapshots.spool import NOTE
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.boards.rack import Rack
from dsa_hcal_assets_tests.daq.test_durable_file import file_size_limit
from dsa_hcal_assets_tests.hcal.acquisition.conftest import DEADLINES


@asynccontextmanager
async def polling(directory, faults=None):
    rack = Rack(7, ["80", "84"], faults=faults)
    await rack.start()
    try:
        async with board_polling(rack.boards, directory, DEADLINES, retry_seconds=0.02) as running:
            yield running
    finally:
        await rack.stop()


def noted(directory, script, faults=None):
    """Return what `script(polling)` returns, run beside two simulated boards."""

    async def run():
        async with polling(directory, faults) as running:
            return await script(running)

    return asyncio.run(run())


def test_it_tells_what_was_taken_and_how_the_boards_are(tmp_path):
    async def script(running):
        for _ in range(2):
            await running.cycle(-1)
            await running.finish(5)
        return read_note(tmp_path)

    note = noted(tmp_path, script, {"84": Faults(down=True)})
    assert (note.taken, note.written, note.waiting, note.given_up, note.trouble) == (2, 2, 0, 0, None)
    assert note.limit == 500
    assert note.period > 0
    assert utc_now() - timedelta(minutes=1) < note.at <= utc_now()
    assert note.boards == {"ok": 1, "down": 1}
    (board,) = note.unhealthy
    assert (board.board, board.status, board.cycles) == ("84", "down", 2)
    assert board.since < note.at
    assert "84" in board.reason


def test_a_full_disk_is_told_although_no_new_file_finds_room(tmp_path):
    async def script(running):
        await running.cycle(-1)
        await running.finish(5)
        before = len((tmp_path / NOTE).read_bytes())
        with file_size_limit(before + 2000):
            for _ in range(3):
                await running.cycle(-1)
            while running.trouble is None:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            full = read_note(tmp_path)
        await running.finish(5)
        return full, read_note(tmp_path)

    full, after = noted(tmp_path, script)
    assert (full.taken, full.written, full.waiting) == (4, 1, 3)
    assert "no room" in full.trouble
    assert (after.written, after.waiting, after.trouble) == (4, 0, None)


def test_a_hung_cycle_leaves_the_note_to_grow_old(tmp_path):
    async def script(running):
        await running.cycle(-1)
        await running.finish(5)
        before = read_note(tmp_path)
        with file_size_limit(10):
            running._saver.put(await running._polled.take(utc_now(), 9, "test", -1))
            await asyncio.sleep(0.1)
        return before, read_note(tmp_path)

    before, after = noted(tmp_path, script)
    assert after.at == before.at


def test_an_orderly_end_takes_the_note_away(tmp_path):
    async def script(running):
        await running.cycle(-1)
        await running.finish(5)
        assert (tmp_path / NOTE).exists()

    noted(tmp_path, script)
    assert read_note(tmp_path) is None


def test_a_shorter_note_leaves_nothing_of_a_longer_one(tmp_path):
    async def script(running):
        await running.cycle(-1)
        await running.finish(5)
        return read_note(tmp_path)

    long = noted(tmp_path, script, {"80": Faults(down=True), "84": Faults(down=True)})
    short = noted(tmp_path, script)
    write_note(tmp_path, long)
    write_note(tmp_path, short)
    assert read_note(tmp_path) == short


@pytest.mark.parametrize("content", [b"", b'{"at": "2026-', b"[]", b"{}", b'{"unhealthy": 3}', b"\xff\xfe"])
def test_half_a_note_is_none(tmp_path, content):
    (tmp_path / NOTE).write_bytes(content)
    assert read_note(tmp_path) is None


def test_a_note_that_cannot_be_written_stops_nobody(tmp_path):
    async def script(running):
        (tmp_path / NOTE).mkdir()
        await running.cycle(-1)
        await running.finish(5)
        return running.written

    assert noted(tmp_path, script) == 1
