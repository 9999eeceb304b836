"""What stands before every route: names, origins, rates; and behind it: headers, and the audit's answers."""

import logging
from functools import partial

from fastapi import HTTPException
from fastapi.responses import JSONResponse
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web.access.admission import Admission, acts, address_of
from dsa_hcal_assets.web.access.origins import HostNames, is_own_origin
from dsa_hcal_assets.web.outages import OUTAGES

logger = logging.getLogger(__name__)

# Pages load what this server has and nothing else; a page that needs less says so itself.
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; "
    "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    # with no-referrer browsers would hide the origin of our own forms
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """ASGI middleware in front of everything else.

    Refuses requests for other names than this server's, actions of pages of other origins, and more requests
    of an address than it may send; writes the headers that browsers heed; completes the audit.
    """

    def __init__(self, app: ASGIApp, settings: Settings, admission: Admission) -> None:
        self._app = app
        self._names = HostNames(settings)
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one request, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        send = partial(_with_headers, send)
        if refusal := await self._refusal(connection):
            answer = JSONResponse({"detail": refusal.detail}, refusal.status_code, refusal.headers)
            await answer(scope, receive, send)
        elif acts(connection):
            await self._followed(connection, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _refusal(self, connection: HTTPConnection) -> HTTPException | None:
        hosts = connection.headers.getlist("host")
        if len(hosts) != 1 or not self._names.include(hosts[0]):
            return HTTPException(400, "this server is not asked by that name (DSA_HCAL_ACCESS__HOST_NAMES)")
        if after := self._admission.rates.request_after(address_of(connection)):
            return HTTPException(429, "too many requests", {"Retry-After": str(after)})
        # reading may come from anywhere: what is answered stays hidden from pages of other origins
        if acts(connection) and not is_own_origin(connection):
            return await self._refused(connection, 403, "actions from pages of other origins are refused")
        return None

    async def _refused(self, connection: HTTPConnection, status: int, detail: str) -> HTTPException:
        try:
            return await self._admission.refused(connection, status, detail)
        except OUTAGES as error:
            logger.warning("a refusal (%d, %s) could not be recorded: %s", status, detail, error)
            return HTTPException(status, detail)

    async def _followed(self, connection: HTTPConnection, receive: Receive, send: Send) -> None:
        """Pass on an action, and write down its answer."""
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(connection.scope, receive, watched)
        finally:
            if status == 413:  # it is told before anything is known of the caller
                await self._refused(connection, status, "the body is too large")
            try:
                await self._admission.answered(connection, status)
            except OUTAGES as error:
                # it stays "asked", which says as much: begun, end not known
                logger.error("the answer %d to an action could not be recorded: %s", status, error)


async def _with_headers(send: Send, message: Message) -> None:
    if message["type"] in ("http.response.start", "websocket.http.response.start"):
        headers = MutableHeaders(scope=message)
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
    await send(message)
