"""Answers that have not changed are not sent again: ETag and If-None-Match (RFC 9110, 8.8.3 and 13.1.2).

Belongs here: tags of whole JSON bodies and of files. Not here: streams (exports), whose bytes are not
known before they are sent; they pass through.
"""

import hashlib
from pathlib import Path

from fastapi.responses import FileResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TAG_BYTES = 12
# Kept by the client alone (answers depend on its token), and asked for again each time.
_REVALIDATED = "private, no-cache"
_NOT_MODIFIED_HEADERS = ("content-type", "content-length", "last-modified", "accept-ranges")


class Etags:
    """ASGI middleware: JSON answered whole to GET carries a weak ETag; 304 when the client has it already.

    The tag is a digest of the body, so nothing needs to know what an answer depends on. What it saves is
    the transfer and the reader's parsing, not the query.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        held: list[Message] = []

        async def tag(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_json(message):
                held.append(message)
                return
            if held:
                start = held.pop()
                if not message.get("more_body", False):
                    message = _tagged(scope, start, message)
                await send(start)
            await send(message)

        await self._app(scope, receive, tag)


class TaggedFile(FileResponse):
    """A file whose ETag (of its size and time of change) is compared before it is read."""

    def __init__(self, path: Path, headers: dict[str, str] | None = None) -> None:
        super().__init__(
            path, headers={"Cache-Control": _REVALIDATED} | (headers or {}), stat_result=path.stat()
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, the part of it that was asked for, or 304."""
        if not matches(Headers(scope=scope).get("if-none-match"), self.headers["etag"]):
            await super().__call__(scope, receive, send)
            return
        start: Message = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        _not_modified(start)
        await send(start)
        await send({"type": "http.response.body", "body": b""})


def matches(condition: str | None, tag: str) -> bool:
    """Tell whether an If-None-Match header names `tag`, compared weakly; None: there was no header."""
    if condition is None:
        return False
    named = {one.strip().removeprefix("W/") for one in condition.split(",")}
    return "*" in named or tag.removeprefix("W/") in named


def _is_json(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    return start["status"] == 200 and headers.get("content-type", "").startswith("application/json")


def _tagged(scope: Scope, start: Message, body: Message) -> Message:
    """Write tag and caching into `start`; return the body that is to be sent."""
    tag = f'W/"{hashlib.blake2b(body.get("body", b""), digest_size=_TAG_BYTES).hexdigest()}"'
    headers = MutableHeaders(raw=start["headers"])
    headers["ETag"] = tag
    headers.setdefault("Cache-Control", _REVALIDATED)
    if not matches(Headers(scope=scope).get("if-none-match"), tag):
        return body
    _not_modified(start)
    return {**body, "body": b""}


def _not_modified(start: Message) -> None:
    start["status"] = 304
    start["headers"] = [
        (name, value)
        for name, value in start["headers"]
        if name.decode("latin-1").lower() not in _NOT_MODIFIED_HEADERS
    ]
