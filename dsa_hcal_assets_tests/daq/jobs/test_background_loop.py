"""An asyncio loop beside a job: calls give results and errors, what runs on goes on, and all of it ends."""

import asyncio
import threading
from contextlib import closing

import pytest

from dsa_hcal_assets.daq.jobs.background_loop import BackgroundLoop


@pytest.fixture
def loop():
    with closing(BackgroundLoop("test")) as running:
        yield running


def test_a_call_returns_what_the_work_returns(loop):
    assert loop.call(asyncio.sleep(0, 7)) == 7


def test_an_error_of_the_work_is_the_error_of_the_call(loop):
    async def fails():
        raise ValueError("no board")

    with pytest.raises(ValueError, match="no board"):
        loop.call(fails())


def test_what_was_started_goes_on_between_calls(loop):
    ticked = threading.Event()

    async def start():
        asyncio.get_running_loop().call_later(0.05, ticked.set)

    loop.call(start())
    assert ticked.wait(5)


def test_a_caller_that_gives_up_cancels_the_work(loop):
    cancelled = threading.Event()

    async def long():
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    def give_up():
        raise TimeoutError("enough")

    with pytest.raises(TimeoutError, match="enough"):
        loop.call(long(), meanwhile=give_up)
    assert cancelled.wait(5)


def test_closing_ends_what_still_runs_and_the_thread():
    loop = BackgroundLoop("closing")
    ended = threading.Event()

    async def forever():
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async def start():
        start.task = asyncio.create_task(forever())
        await asyncio.sleep(0)

    loop.call(start())
    loop.close()

    assert ended.is_set()
    assert "closing" not in {thread.name for thread in threading.enumerate()}
