"""``/api/session``: who am I, sign in, sign out."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from dsa_hcal_assets.access import Caller, Role
from dsa_hcal_assets.web.access.admission import Admission
from dsa_hcal_assets.web.access.sign_in import close_session, open_session
from dsa_hcal_assets.web.context import Web


class SignIn(BaseModel):
    """A token, to be exchanged for a cookie."""

    token: Annotated[
        str, Field(min_length=1, max_length=200, description="As `dsa-hcal tokens create` printed it")
    ]


class WhoAmI(BaseModel):
    """The caller; both null for one who may do nothing."""

    name: Annotated[
        str | None, Field(description="Name of the token; `local` on this machine without one")
    ] = None
    role: Role | None = None


def routes(web: Web) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["access"])

    @router.get("/api/session")
    async def who_am_i(request: Request) -> WhoAmI:
        """Who the caller is to the API."""
        admission: Admission = request.app.state.admission
        return _shown(await admission.identify(request))

    @router.post("/api/session")
    async def sign_in(request: Request, response: Response, given: SignIn) -> WhoAmI:
        """Exchange a token for a cookie that scripts cannot read; for browsers."""
        return _shown(await open_session(web, request, response, given.token))

    @router.delete("/api/session", status_code=204)
    async def sign_out(request: Request, response: Response) -> None:
        """End the session of the cookie; without one nothing happens."""
        await close_session(web, request, response)

    return router


def _shown(caller: Caller | None) -> WhoAmI:
    return WhoAmI(name=caller.name, role=caller.role) if caller else WhoAmI()
