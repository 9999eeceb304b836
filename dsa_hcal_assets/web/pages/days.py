"""``/radio/{day}``: the groups of a day as a page."""

from datetime import date

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.pages import observing_day as observing_days
from dsa_hcal_assets.web.pages.rendering import page, template


def routes(web: Web) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["pages"])
    observations = template("observing_day.html")

    @router.get("/radio/{day}", response_class=HTMLResponse)
    def observing_day(day: date) -> HTMLResponse:
        """Groups of a UTC day with thumbnails, grades, verdicts and their reports, as a page."""
        before, after = observing_days.neighbours(web.reader, day)
        groups = observing_days.groups_of(web.reader, web.settings.products, day)
        return page(observations, day=day, groups=groups, before=before, after=after)

    return router
