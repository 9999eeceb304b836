"""Which caller a request is from, whether its role suffices, and the record of actions and refusals."""

import json
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request

from dsa_hcal_assets.access import Caller, Role, audit, sessions, tokens
from dsa_hcal_assets.access.secrets import SESSION_PREFIX, TOKEN_PREFIX, Secret
from dsa_hcal_assets.web.access.origins import is_local
from dsa_hcal_assets.web.access.rates import Rates
from dsa_hcal_assets.web.context import Web

logger = logging.getLogger(__name__)

COOKIE = "dsa_hcal_session"
_LOCAL = "local"
_READING = ("GET", "HEAD", "OPTIONS")


class Admission:
    """Identifies callers of one installation and writes down what they ask.

    Tokens are looked up at each request, by the connections of the platform's own role: what is revoked is
    refused at once, and readers of the database see no tokens.
    """

    def __init__(self, web: Web) -> None:
        settings = web.settings.access
        self._database = web.writer
        self._local = None if settings.local_role == "none" else Caller(_LOCAL, Role(settings.local_role))
        self.lifetime = timedelta(hours=settings.session_hours)
        self.rates = Rates(settings)

    async def identify(self, connection: HTTPConnection) -> Caller | None:
        """Return who asks: by token, by session, or by being on this machine; None if by none of them.

        Raises
        ------
        HTTPException
            401 for a token that is not valid; 429 after too many of them.
        """
        shown = connection.headers.get("authorization")
        if shown is not None:
            scheme, _, text = shown.partition(" ")
            return await self.present(connection, text if scheme.lower() == "bearer" else "")
        session = Secret.parse(connection.cookies.get(COOKIE, ""))
        if session is not None and session.prefix == SESSION_PREFIX:
            caller = await run_in_threadpool(sessions.caller, self._database, session)
            if caller is not None:
                return caller
        return self._local if is_local(connection) else None

    async def present(self, connection: HTTPConnection, text: str) -> Caller:
        """Return whose valid token `text` is.

        Raises
        ------
        HTTPException
            401 if it is not; 429 after too many of them.
        """
        token = Secret.parse(text.strip())
        if token is not None and token.prefix == TOKEN_PREFIX:
            caller = await run_in_threadpool(tokens.caller, self._database, token)
            if caller is not None:
                return caller
        raise await self.refused(
            connection, 401, "the token is not valid", token_id=token.public_id if token else None
        )

    async def admit(self, connection: HTTPConnection, role: Role) -> Caller:
        """Return the caller, if it has `role`; write down what is more than reading.

        Raises
        ------
        HTTPException
            401, 403 or 429.
        """
        caller = await self.identify(connection)
        if caller is None:
            raise await self.refused(connection, 401, "a token is needed")
        if not caller.role.covers(role):
            detail = f"this needs the role {role}; {caller.name} has {caller.role}"
            raise await self.refused(connection, 403, detail, caller)
        # a route may need one role by itself and another by its room
        if role is not Role.VIEWER and acts(connection) and not hasattr(connection.state, "audit_id"):
            if after := self.rates.action_after(caller.token_id or address_of(connection)):
                raise await self.refused(connection, 429, "too many actions", caller, after=after)
            await self.note(connection, caller)
        return caller

    async def note(self, connection: HTTPConnection, caller: Caller) -> None:
        """Write down an action that is about to be done."""
        action = await _action(connection, caller)
        connection.state.audit_id = await run_in_threadpool(audit.ask, self._database, action)

    async def refused(
        self,
        connection: HTTPConnection,
        status: int,
        detail: str,
        caller: Caller | None = None,
        *,
        token_id: str | None = None,
        after: int = 0,
    ) -> HTTPException:
        """Return the refusal; it is in the audit if it was an action, or a token that is not valid.

        An address that is refused too often is told to wait (429), and no longer fills the audit.
        """
        if acts(connection) or "authorization" in connection.headers:
            if wait := self.rates.refusal_after(address_of(connection)):
                return HTTPException(429, "too many refused requests", {"Retry-After": str(wait)})
            action = await _action(connection, caller, token_id)
            await run_in_threadpool(audit.record, self._database, action, status)
        headers = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": str(after)}}.get(status)
        return HTTPException(status, detail, headers)

    async def answered(self, connection: HTTPConnection, status: int) -> None:
        """Complete the record of an action."""
        audit_id = getattr(connection.state, "audit_id", None)
        if audit_id is not None:
            await run_in_threadpool(audit.answer, self._database, audit_id, status)


@dataclass(frozen=True)
class Needs:
    """A dependency that gives the caller, or refuses without at least `role`."""

    role: Role

    async def __call__(self, connection: HTTPConnection) -> Caller:
        """Return the caller of this request."""
        admission: Admission = connection.app.state.admission
        return await admission.admit(connection, self.role)


def needs(role: Role) -> Needs:
    """Return a dependency that gives the caller, or refuses (401, 403, 429) without at least `role`."""
    return Needs(role)


def acts(connection: HTTPConnection) -> bool:
    """Tell whether a request may change something."""
    return connection.scope["type"] == "http" and connection.scope["method"] not in _READING


def address_of(connection: HTTPConnection) -> str:
    """Return where a request is from, as far as it is known."""
    return connection.client.host if connection.client else "unknown"


async def _action(
    connection: HTTPConnection, caller: Caller | None, token_id: str | None = None
) -> audit.Action:
    route = connection.scope.get("route")
    parameters: dict[str, Any] = {**connection.path_params, **connection.query_params}
    if isinstance(connection, Request) and (body := await _body(connection)) is not None:
        parameters["body"] = body
    return audit.Action(
        caller=caller,
        address=address_of(connection),
        method=connection.scope.get("method", "WEBSOCKET"),
        route=getattr(route, "path", connection.url.path),
        parameters={name: _json(value) for name, value in parameters.items()},
        token_id=token_id,
    )


async def _body(request: Request) -> Any:
    """Return a JSON body; None without one. What has another form is not kept."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        return None
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        return None


def _json(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | dict | list | None) else str(value)
