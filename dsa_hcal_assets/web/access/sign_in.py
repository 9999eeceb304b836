"""Signing in of browsers: a token for a cookie."""

from fastapi import HTTPException
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request

from dsa_hcal_assets.access import Caller, sessions
from dsa_hcal_assets.access.secrets import Secret
from dsa_hcal_assets.web.access.admission import COOKIE, Admission, address_of
from dsa_hcal_assets.web.context import Web

ADDRESS = "/sign-in"


async def open_session(web: Web, request: Request, response: Response, token: str) -> Caller:
    """Open a session for the token's owner, with its cookie in `response`.

    Raises
    ------
    HTTPException
        401 if the token is not valid; 429 after too many of those.
    """
    admission: Admission = request.app.state.admission
    caller = await admission.present(request, token)
    await admission.note(request, caller)
    secret = await run_in_threadpool(
        sessions.start, web.writer, caller, admission.lifetime, address_of(request)
    )
    response.set_cookie(
        COOKIE,
        secret.text,
        max_age=int(admission.lifetime.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return caller


async def close_session(web: Web, request: Request, response: Response) -> None:
    """End the session of the request's cookie, if it is one."""
    admission: Admission = request.app.state.admission
    session, caller = Secret.parse(request.cookies.get(COOKIE, "")), await admission.identify(request)
    if session is not None and caller is not None:
        await admission.note(request, caller)
        await run_in_threadpool(sessions.end, web.writer, session)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")


async def ask_people(connection: HTTPConnection, refusal: Exception) -> Response:
    """Answer 401: people who want a page are asked to sign in, programs are told."""
    wants_page = "text/html" in connection.headers.get("accept", "")
    if connection.scope["type"] == "http" and connection.scope["method"] == "GET" and wants_page:
        return RedirectResponse(ADDRESS, status_code=303)
    assert isinstance(refusal, HTTPException)  # noqa: S101 - registered for its status
    return await http_exception_handler(connection, refusal)  # type: ignore[arg-type]
