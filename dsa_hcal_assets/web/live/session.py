"""One client's connection, from the greeting to its end."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated, TypeAlias

import msgspec
from fastapi import HTTPException, WebSocket, WebSocketDisconnect, status

from dsa_hcal_assets.settings.live import LiveSettings
from dsa_hcal_assets.web.live import messages
from dsa_hcal_assets.web.live.hub import Hub
from dsa_hcal_assets.web.live.mailbox import Closed, Mailbox
from dsa_hcal_assets.web.outages import OUTAGES

Admit: TypeAlias = Callable[[WebSocket], Awaitable[None]]

MOST_MESSAGES, MESSAGES_SECONDS = 50, 10.0
_CLOSE_SECONDS = 1.0
_SHOWN = 40


class _Wish(msgspec.Struct, forbid_unknown_fields=True):
    subscribe: Annotated[list[str], msgspec.Meta(max_length=50)]


class _Misunderstood(Exception):
    """A message of a client that cannot be followed."""


class _Ended(Exception):
    """The connection is over; `code` and `reason` are for the client, None when it has gone by itself."""

    def __init__(self, code: int | None = None, reason: str = "") -> None:
        self.code, self.reason = code, reason
        super().__init__(code, reason)


class Session:
    """Sends one client what comes into its mailbox, and follows what it says.

    Parameters
    ----------
    websocket
        The connection, accepted.
    hub
        Fills the mailbox.
    settings
        Of live data.
    admit
        Refuses (HTTPException) a client that may no longer listen; None: whoever came may stay.
    """

    def __init__(
        self, websocket: WebSocket, hub: Hub, settings: LiveSettings, admit: Admit | None = None
    ) -> None:
        self._websocket = websocket
        self._hub = hub
        self._settings = settings
        self._admit = admit
        self._mailbox = Mailbox(hub.topics)
        self._mailbox.tell("hello", messages.hello(hub.topics, settings.heartbeat_seconds))

    async def run(self) -> None:
        """Serve the client until it leaves, or has to."""
        self._hub.join(self._mailbox)
        tasks = [asyncio.create_task(one) for one in (self._listen(), self._send(), self._admit_again())]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            ended.pop().result()
        except _Ended as end:
            await self._close(end)
        finally:
            self._hub.leave(self._mailbox)
            for task in tasks:
                task.cancel()

    async def _listen(self) -> None:
        times: deque[float] = deque(maxlen=MOST_MESSAGES)
        while True:
            text = await self._receive()
            now = time.monotonic()
            if len(times) == MOST_MESSAGES and now - times[0] < MESSAGES_SECONDS:
                raise _Ended(status.WS_1008_POLICY_VIOLATION, "too many messages")
            times.append(now)
            try:
                self._mailbox.choose(self._chosen(text))
            except _Misunderstood as error:
                self._mailbox.tell("error", messages.refusal(str(error)))
            else:
                self._hub.catch_up(self._mailbox)

    async def _receive(self) -> str:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise _Ended
        return message.get("text") or ""

    def _chosen(self, text: str) -> list[str]:
        try:
            wish = msgspec.json.decode(text, type=_Wish)
        except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
            raise _Misunderstood('a message is of the form {"subscribe": ["<topic>", ...]}') from error
        unknown = [one for one in wish.subscribe if one not in self._hub.topics]
        if unknown:
            known = ", ".join(sorted(self._hub.topics))
            raise _Misunderstood(f"unknown topic {unknown[0][:_SHOWN]!r}; topics are {known}")
        return wish.subscribe

    async def _send(self) -> None:
        try:
            while True:
                texts = await self._mailbox.take()
                async with asyncio.timeout(self._settings.stalled_seconds):
                    for text in texts:
                        await self._websocket.send_text(text)
        except TimeoutError as error:
            raise _Ended(status.WS_1013_TRY_AGAIN_LATER, "messages were not taken") from error
        except Closed as error:
            raise _Ended(status.WS_1011_INTERNAL_ERROR, "live data ended") from error
        except WebSocketDisconnect as error:
            raise _Ended from error

    async def _admit_again(self) -> None:
        """End the connection once the client's token or session is no longer valid."""
        while True:
            await asyncio.sleep(self._settings.admission_seconds)
            try:
                if self._admit is not None:
                    await self._admit(self._websocket)
            except HTTPException as error:
                raise _Ended(status.WS_1008_POLICY_VIOLATION, error.detail) from error
            except OUTAGES:
                continue  # whether it is cannot be found out now, and nothing new is sent either

    async def _close(self, end: _Ended) -> None:
        if end.code is None:
            return
        # a client that reads nothing will not read this either
        with suppress(TimeoutError, WebSocketDisconnect):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._websocket.close(end.code, end.reason)
