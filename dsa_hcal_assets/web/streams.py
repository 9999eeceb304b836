"""Answers that are written while they are made, by code that blocks, at the pace of the client."""

from collections.abc import Callable
from typing import Any

import anyio
import anyio.to_thread
from anyio import from_thread
from fastapi import Response
from starlette.types import Message, Receive, Scope, Send

from dsa_hcal_assets.database.export import Sink

AT_ONCE = 4
"""Streams that are made at the same time; each holds a thread and a connection of the database."""


class ClientGone(Exception):
    """Nobody reads the answer any more."""


class WrittenAnswer(Response):
    """An answer whose body `write` writes into a sink, in a thread of its own.

    The status is sent with the first piece, so that what fails before is answered as an error. What fails
    later breaks the connection: a client never takes part of an answer for the whole.
    """

    def __init__(self, write: Callable[[Sink], None], limiter: anyio.CapacityLimiter, **options: Any) -> None:
        super().__init__(**options)
        del self.headers["content-length"]
        self._write = write
        self._limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send the answer."""
        start: Message = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        pieces = _Pieces(send, start)
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(pieces.watch, receive)
            try:
                await anyio.to_thread.run_sync(self._write, pieces, limiter=self._limiter)
            except Exception as error:  # noqa: BLE001 - raised below, out of the group
                failure = error
            group.cancel_scope.cancel()
        if pieces.gone:
            return
        if failure is not None:
            raise failure
        await pieces.end()


class _Pieces:
    """The body, piece by piece, from a thread; each write returns when the server has taken the piece."""

    def __init__(self, send: Send, start: Message) -> None:
        self._send = send
        self._start: Message | None = start
        self.gone = False

    def write(self, piece: bytes) -> None:
        if self.gone:
            raise ClientGone
        from_thread.run(self._pass_on, piece, True)

    async def watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.gone = True

    async def end(self) -> None:
        await self._pass_on(b"", False)

    async def _pass_on(self, piece: bytes, more: bool) -> None:
        if self._start is not None:
            start, self._start = self._start, None
            await self._send(start)
        await self._send({"type": "http.response.body", "body": piece, "more_body": more})
