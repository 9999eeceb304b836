"""Whatever bytes a board sends, in whatever pieces: the poller returns a reading, in time."""

import asyncio

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.poller import BoardPoller
from dsa_hcal_assets.hcal.controllers.boards import Board

HASTY = Deadlines(connect=1.0, reply=0.05, board=1.0, quiet=0.005, backoff=0.001)
# bytes a controller's stream is made of, and any others
PIECES = st.sampled_from(
    [b">", b"\n\r", b"21.4", b"\xff", b"\xff\xfa", b"\xff\xf0", b"nan", b"V", b"T0", b"$"]
)
NOISE = st.lists(PIECES | st.binary(max_size=8), max_size=12).map(b"".join)


async def poll_noise(replies):
    todo = iter(replies)

    async def serve(reader, writer):
        try:
            while await reader.read(64):
                noise = next(todo, None)
                if noise is None:
                    break
                writer.write(noise)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    poller = BoardPoller(Board("80", *server.sockets[0].getsockname()), HASTY)
    try:
        async with asyncio.timeout(HASTY.board + 2):
            return await poller.poll()
    finally:
        poller.close()
        server.close()


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
