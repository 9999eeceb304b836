"""Devices that answer whatever they are asked with bytes that may be anything."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy


def noise(*pieces: bytes) -> SearchStrategy[bytes]:
    """Bytes made of `pieces` a device's stream is made of, and of any others."""
    return st.lists(st.sampled_from(pieces) | st.binary(max_size=8), max_size=12).map(b"".join)


@asynccontextmanager
async def serving(replies: Sequence[bytes]) -> AsyncIterator[tuple[str, int]]:
    """Answer each question with the next of `replies`, then hang up; gives host and port."""
    todo = iter(replies)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.read(64):
                reply = next(todo, None)
                if reply is None:
                    break
                writer.write(reply)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()
    finally:
        server.close()
