"""``/sign-in``: a token is given once, the browser keeps a cookie. Other ways to sign in belong here too."""

from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from dsa_hcal_assets.web.access.sign_in import ADDRESS, open_session
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.pages.rendering import template


def routes(web: Web) -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)
    form = template("sign_in.html")

    @router.get(ADDRESS)
    def ask() -> HTMLResponse:
        return HTMLResponse(form.render())

    @router.post(ADDRESS)
    async def sign_in(request: Request) -> Response:
        # the form has one field; a library for forms would read files too
        given = parse_qs((await request.body()).decode("utf-8", "replace"))
        onward = RedirectResponse("/", status_code=303)
        try:
            await open_session(web, request, onward, given.get("token", [""])[0])
        except HTTPException as refusal:
            return HTMLResponse(form.render(reason=refusal.detail), refusal.status_code)
        return onward

    return router
