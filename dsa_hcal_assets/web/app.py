"""The FastAPI application: ``uvicorn --factory dsa_hcal_assets.web.app:create_app``.

Everything is read-only and every request asks the database with a short deadline. When it does not
answer, the answer is 503 with the reason; it is never an empty result.
"""

import importlib.metadata
import logging
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import psycopg2
from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from jinja2 import Environment, FileSystemLoader, Template
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import DatabaseUnavailable
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.radio import group_states
from dsa_hcal_assets.rig import readers as rig
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web import observing_day as observing_days
from dsa_hcal_assets.web import product_files
from dsa_hcal_assets.web.metrics import StatusCollector
from dsa_hcal_assets.web.spool_metrics import SpoolCollector
from dsa_hcal_assets.web.status import RECENT_GROUPS, group_as_json, read_status

GroupStateName = Literal["collecting", "pending", "in progress", "completed", "failed"]
MOST_GROUPS = 1000
CONNECT_SECONDS = 3.0
STATEMENT_SECONDS = 5.0
# Pages of products carry their styles and pictures inside and need nothing else.
_CONTENT_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
)

logger = logging.getLogger(__name__)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application for one installation.

    Parameters
    ----------
    settings
        Its settings; read from the environment when None.

    Raises
    ------
    ConfigurationError
        If a setting is wrong, or there is no database to ask.
    """
    installation = Installation(settings)
    database = Database(
        installation.database.url, connect_seconds=CONNECT_SECONDS, statement_seconds=STATEMENT_SECONDS
    )
    version = importlib.metadata.version("dsa_hcal_assets")
    # The documentation pages would fetch scripts from the internet; /openapi.json does not.
    app = FastAPI(title="dsa_hcal_assets", version=version, docs_url=None, redoc_url=None)
    app.add_exception_handler(DatabaseUnavailable, _unavailable)
    app.add_exception_handler(psycopg2.Error, _unavailable)
    _add_api(app, database, version)
    _add_groups(app, database)
    _add_metrics(app, database, installation.settings)
    _add_products(app, database, installation.settings.products)
    _add_days(app, database, installation.settings.products)
    _add_index(app, database, installation.settings, version)
    return app


def _unavailable(_: Request, error: Exception) -> JSONResponse:
    logger.warning("no answer from the database: %s", error)
    return JSONResponse({"status": "unavailable", "database": "down", **_outage(error)}, status_code=503)


def _outage(error: Exception) -> dict[str, str]:
    # A driver's text may hold parts of a query; the platform's own errors are made to be shown.
    shown = isinstance(error, DatabaseUnavailable)
    reason = str(error) if shown else f"the database refused a query ({type(error).__name__})"
    return {"reason": reason, "timestamp": utc_now().isoformat()}


def _add_api(app: FastAPI, database: Database, version: str) -> None:
    @app.get("/api/health")
    def health() -> dict[str, Any]:
        """Tell whether the platform's database answers; 503 with the reason when not."""
        return {
            "status": "ok",
            "database": "up",
            "record_count": rig.record_count(database),
            "version": version,
            "timestamp": utc_now(),
        }

    @app.get("/api/status")
    def status(limit: Annotated[int, Query(ge=0, le=MOST_GROUPS)] = RECENT_GROUPS) -> dict[str, Any]:
        """Ledger, groups, products, verdicts, open alerts and the newest snapshot, in numbers."""
        return {**read_status(database, limit).as_json(), "version": version}


def _add_groups(app: FastAPI, database: Database) -> None:
    @app.get("/api/groups")
    def groups(
        state: GroupStateName | None = None,
        limit: Annotated[int, Query(ge=1, le=MOST_GROUPS)] = RECENT_GROUPS,
    ) -> dict[str, Any]:
        """Observation groups that got a subband last, newest first; of one state if given."""
        with database.transaction() as cursor:
            found = group_states.latest(cursor, state, limit)
        return {"groups": [group_as_json(one) for one in found]}

    @app.get("/api/groups/{key}")
    def group(key: str) -> dict[str, Any]:
        """One observation group with its files, current products and gates."""
        found = group_states.details(database, key)
        if found is None:
            raise HTTPException(404, "there is no group of that key")
        return {
            **group_as_json(found.group),
            "files": [asdict(one) for one in found.files],
            "products": [asdict(one) for one in found.products],
        }


def _add_metrics(app: FastAPI, database: Database, settings: Settings) -> None:
    registry = CollectorRegistry()
    registry.register(StatusCollector(database))
    registry.register(SpoolCollector(settings.incoming, database, Ledger(database, settings.quarantine)))

    @app.get("/metrics", response_class=Response)
    def metrics() -> Response:
        """The status for Prometheus."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _add_products(app: FastAPI, database: Database, root: Path) -> None:
    @app.get("/products/{product_id}/{path:path}", response_class=FileResponse)
    def product_file(product_id: int, path: str) -> Response:
        """A file of a published product, or the names in one of its directories."""
        directory = product_files.product_directory(database, root, product_id)
        if directory is None:
            raise HTTPException(404, f"there is no product {product_id}")
        found = product_files.inside(directory, path)
        if found is None:
            raise HTTPException(404, f"product {product_id} has no file of that name")
        headers = {"Content-Security-Policy": _CONTENT_POLICY, "X-Content-Type-Options": "nosniff"}
        if found.is_dir():
            return JSONResponse(
                {"product_id": product_id, "files": product_files.listing(found)}, headers=headers
            )
        return FileResponse(found, headers=headers)


def _add_days(app: FastAPI, database: Database, root: Path) -> None:
    page = _template("observing_day.html")

    @app.get("/radio/{day}", response_class=HTMLResponse)
    def observing_day(day: date) -> HTMLResponse:
        """Groups of a UTC day with thumbnails, grades, verdicts and their reports, as a page."""
        before, after = observing_days.neighbours(database, day)
        groups = observing_days.groups_of(database, root, day)
        return HTMLResponse(page.render(day=day, groups=groups, before=before, after=after))


def _template(name: str) -> Template:
    loader = FileSystemLoader(Path(__file__).with_name("templates"))
    return Environment(loader=loader, autoescape=True).get_template(name)


def _add_index(app: FastAPI, database: Database, settings: Settings, version: str) -> None:
    page = _template("index.html")

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    def index(request: Request) -> HTMLResponse:
        reason, reports = "", []
        try:
            reports = product_files.newest_reports(database, settings.products)
        except (DatabaseUnavailable, psycopg2.Error) as error:
            reason = _outage(error)["reason"]
        host, port = request.url.hostname or "127.0.0.1", settings.webserver_port
        dagster = f"http://{host}:{port}/" if port else ""
        text = page.render(version=version, dagster=dagster, reports=reports, reason=reason)
        return HTMLResponse(text, status_code=503 if reason else 200)
