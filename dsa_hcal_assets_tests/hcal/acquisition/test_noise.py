"""Whatever bytes a board sends, in whatever pieces: the poller returns a reading, in time."""

import asyncio

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.poller import BoardPoller
from dsa_hcal_assets.hcal.controllers.boards import Board
from dsa_hcal_assets_tests.hcal.acquisition.noise import noise, serving

HASTY = Deadlines(connect=1.0, reply=0.05, board=1.0, quiet=0.005, backoff=0.001)
NOISE = noise(b">", b"\n\r", b"21.4", b"\xff", b"\xff\xfa", b"\xff\xf0", b"nan", b"V", b"T0", b"$")


async def poll_noise(replies):
    async with serving(replies) as address:
        poller = BoardPoller(Board("80", *address), HASTY)
        try:
            async with asyncio.timeout(HASTY.board + 2):
                return await poller.poll()
        finally:
            poller.close()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(NOISE, max_size=12))
def test_noise_becomes_a_reading_with_typed_errors(replies):
    board = asyncio.run(poll_noise(replies))
    assert board.status in ("partial", "down")
    assert len(board.channels) == 8
    assert board.error["error"]
    for channel in board.channels:
        missing = np.isnan(channel.temperature).all()
        assert missing == (channel.errors.get("temperatures", {}).get("error") not in (None, "ValuesMissing"))
