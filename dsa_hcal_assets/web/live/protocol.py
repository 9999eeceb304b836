"""WebSocket connections of uvicorn that cannot be held open by clients that do not read.

uvicorn closes a connection once everything was sent. To a client that reads nothing that is never; the
connection, its buffers and its file descriptor would stay for as long as the client likes.
"""

import socket
from asyncio import BaseTransport, Task
from typing import Any

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

OPTIONS: dict[str, Any] = {
    "ws": f"{__name__}:LiveProtocol",
    # clients have nothing long to say
    "ws_max_size": 4096,
    # it would compress the same text once for each client, at more cost than sending it
    "ws_per_message_deflate": False,
    "ws_ping_interval": 20.0,
    "ws_ping_timeout": 20.0,
}
"""Options of uvicorn under which live data are served."""

FLUSH_SECONDS = 2.0
# What the kernel keeps for a client that does not read (Linux doubles it); uvicorn keeps 64 kB besides.
_SEND_BUFFER = 128 * 1024


class LiveProtocol(WebSocketsSansIOProtocol):
    """A WebSocket connection that ends within `FLUSH_SECONDS` of being closed, sent or not."""

    def connection_made(self, transport: BaseTransport) -> None:
        """Bound what the kernel holds back for a slow client."""
        super().connection_made(transport)
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)

    def keepalive_timeout(self) -> None:
        """Close a connection whose client did not answer a ping, and let the application know."""
        super().keepalive_timeout()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1011})
        self._end_soon()

    async def send(self, message: ASGISendEvent) -> None:
        """Send a message of the application; what comes after the end finds nobody."""
        await self.writable.wait()
        if self.close_sent:
            raise ClientDisconnected
        await super().send(message)

    def on_task_complete(self, task: "Task[None]") -> None:
        """Close a connection whose application has ended."""
        super().on_task_complete(task)
        self._end_soon()

    def shutdown(self) -> None:
        """Close the connection because the server stops."""
        super().shutdown()
        self._end_soon()

    def _end_soon(self) -> None:
        self.loop.call_later(FLUSH_SECONDS, self.transport.abort)
