"""``/``: the way to everything else."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from dsa_hcal_assets.web import product_files
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.outages import OUTAGES, reason_of
from dsa_hcal_assets.web.pages.rendering import page, template


def routes(web: Web) -> APIRouter:
    """Return the route."""
    router = APIRouter()
    entry = template("index.html")
    settings = web.settings

    @router.get("/", response_class=HTMLResponse, include_in_schema=False)
    def index(request: Request) -> HTMLResponse:
        reason, reports = "", []
        try:
            reports = product_files.newest_reports(web.reader, settings.products)
        except OUTAGES as error:
            reason = reason_of(error)
        host, port = request.url.hostname or "127.0.0.1", settings.webserver_port
        dagster = f"http://{host}:{port}/" if port else ""
        values = {"version": web.version, "dagster": dagster, "reports": reports, "reason": reason}
        return page(entry, 503 if reason else 200, **values)

    return router
