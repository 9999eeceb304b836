"""How long, and for how much, a connection is listened to before it has asked anything.

uvicorn has no deadline for a request that arrives byte by byte, none for a client that does not read, and,
with its quick parser, no limit of headers: some hundred such connections, from anyone, would keep it busy.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: application/json\r\ncontent-length: 43\r\nconnection: close\r\n\r\n"
    b'{"detail":"the headers are too large here"}'
)


class _HeadTooLarge(Exception):
    pass


def protocol(head_bytes: int, seconds: float) -> type[HttpToolsProtocol]:
    """Return uvicorn's protocol with limits.

    Parameters
    ----------
    head_bytes
        Most bytes of request line and headers; more are answered with 431.
    seconds
        Time for the head, then for the body, and longest time in which a client that is sent something
        takes nothing of it. After it the connection is cut.
    """

    class Bounded(_Patience):
        most_head_bytes = head_bytes
        patience_seconds = seconds

    return Bounded


class _Patience(HttpToolsProtocol):
    most_head_bytes: int
    patience_seconds: float
    _arrival: asyncio.TimerHandle | None = None
    _departure: asyncio.TimerHandle | None = None
    _in_head = False
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_arrival()

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrived()
        self._departed()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            # the parser keeps a header that has not ended; it counts here only
            self._head_bytes += len(data)
            if self._head_bytes > self.most_head_bytes:
                self.send_400_response("")

    def on_message_begin(self) -> None:
        self._in_head, self._head_bytes = True, 0
        self._await_arrival()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        self._head_bytes = max(self._head_bytes, size)
        if self._head_bytes > self.most_head_bytes:
            raise _HeadTooLarge  # the parser makes it the end of the connection
        self._await_arrival()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._arrived()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._arrived()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        if self._head_bytes <= self.most_head_bytes:
            super().send_400_response(msg)
            return
        self._in_head = False
        self.transport.write(_TOO_LARGE)
        self.transport.close()

    def pause_writing(self) -> None:
        self._departure = self.loop.call_later(self.patience_seconds, self._cut)
        super().pause_writing()

    def resume_writing(self) -> None:
        self._departed()
        super().resume_writing()

    def _await_arrival(self) -> None:
        self._arrived()
        self._arrival = self.loop.call_later(self.patience_seconds, self._cut)

    def _arrived(self) -> None:
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None

    def _departed(self) -> None:
        if self._departure is not None:
            self._departure.cancel()
            self._departure = None

    def _cut(self) -> None:
        self.logger.info("%s: connection cut, it stood still for %g s", self.client, self.patience_seconds)
        self.transport.abort()
