"""``/dashboard...``: pages that show what the API answers, live. They hold no data themselves."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from dsa_hcal_assets.rig import readers as rig
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.outages import OUTAGES
from dsa_hcal_assets.web.pages.rendering import page, template

_DAY = Annotated[str | None, Query(alias="date", max_length=40, description="UTC day, YYYY-MM-DD")]


def routes(web: Web) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)
    overview, hcal, expert, test_rig = (
        template(f"{name}.html") for name in ("overview", "hcal", "hcal_expert", "rig")
    )

    @router.get("/dashboard")
    def dashboard(day: _DAY = None) -> HTMLResponse:
        """The overview; with a date the rig's page of that day, where its users have always found it."""
        return page(overview) if day is None else rig_page(day)

    @router.get("/dashboard/hcal")
    def hcal_page() -> HTMLResponse:
        """The hadronic calorimeter for shifters: traffic lights, eta-phi maps, half-sectors, strips."""
        return page(hcal)

    @router.get("/dashboard/hcal/expert")
    def hcal_expert_page() -> HTMLResponse:
        """The hadronic calorimeter for experts: bias, currents and leakage over time, supplies."""
        return page(expert)

    @router.get("/dashboard/rig")
    def rig_page(day: _DAY = None) -> HTMLResponse:
        """Key figures and trends of the test rig; of its newest day without a date."""
        return page(test_rig, _status_of(web, day), day=day or "")

    return router


def _status_of(web: Web, day: str | None) -> int:
    """Return the status of the rig's page of a day; the page itself says the same in words."""
    if day is None:
        return 200
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        return 400
    try:
        return 200 if rig.kpis(web.reader, wanted) else 404
    except OUTAGES:
        return 503
