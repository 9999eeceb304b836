"""``/dashboard...``: pages that show what the API answers, live. They hold no data themselves."""

from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse

from dsa_hcal_assets.rig import readers as rig
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.outages import OUTAGES
from dsa_hcal_assets.web.pages.rendering import page, template
from dsa_hcal_assets.web.spans import BAD_DAY, DayText, day_of

_ANSWERS: dict[int | str, dict[str, Any]] = BAD_DAY | {
    404: {"description": "The rig has no data of that day; the page says so"},
    503: {"description": "The database does not answer; the page says so"},
}


def routes(web: Web) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)
    overview, hcal, expert, test_rig = (
        template(f"{name}.html") for name in ("overview", "hcal", "hcal_expert", "rig")
    )

    @router.get("/dashboard", responses=_ANSWERS)
    def dashboard(date: DayText = None) -> HTMLResponse:
        """The overview; with a date the rig's page of that day, where its users have always found it."""
        return page(overview) if date is None else rig_page(date)

    @router.get("/dashboard/hcal")
    def hcal_page() -> HTMLResponse:
        """The hadronic calorimeter for shifters: traffic lights, eta-phi maps, half-sectors, strips."""
        return page(hcal)

    @router.get("/dashboard/hcal/expert")
    def hcal_expert_page() -> HTMLResponse:
        """The hadronic calorimeter for experts: bias, currents and leakage over time, supplies."""
        return page(expert)

    @router.get("/dashboard/rig", responses=_ANSWERS)
    def rig_page(date: DayText = None) -> HTMLResponse:
        """Key figures and trends of the test rig; of its newest day without a date."""
        return page(test_rig, _status_of(web, date), day="" if date is None else date)

    return router


def _status_of(web: Web, date: str | None) -> int:
    """Return the status of the rig's page of a day; the page itself says the same in words."""
    if date is None:
        return 200
    try:
        return 200 if rig.kpis(web.reader, day_of(date)) else 404
    except HTTPException as error:
        return error.status_code
    except OUTAGES:
        return 503
