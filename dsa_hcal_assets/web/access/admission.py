"""Which caller a request is from, and whether its role suffices."""

from collections.abc import Awaitable, Callable

from fastapi import HTTPException
from starlette.requests import HTTPConnection

from dsa_hcal_assets.access import Caller, Role
from dsa_hcal_assets.web.access.origins import is_local
from dsa_hcal_assets.web.context import Web

_LOCAL = "local"


class Admission:
    """Identifies callers of one installation."""

    def __init__(self, web: Web) -> None:
        role = web.settings.access.local_role
        self._local = None if role == "none" else Caller(_LOCAL, Role(role))

    async def identify(self, connection: HTTPConnection) -> Caller | None:
        """Return who asks; None if they did not say and are not on this machine."""
        return self._local if is_local(connection) else None


def needs(role: Role) -> Callable[[HTTPConnection], Awaitable[Caller]]:
    """Return a dependency that gives the caller, or refuses (401, 403) without at least `role`."""

    async def admitted(connection: HTTPConnection) -> Caller:
        admission: Admission = connection.app.state.admission
        caller = await admission.identify(connection)
        if caller is None:
            raise HTTPException(401, "a token is needed", {"WWW-Authenticate": "Bearer"})
        if not caller.role.covers(role):
            raise HTTPException(403, f"this needs the role {role}; {caller.name} is {caller.role}")
        return caller

    return admitted
