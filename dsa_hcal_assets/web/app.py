"""The FastAPI application: ``uvicorn --factory dsa_hcal_assets.web.app:create_app``.

One module a resource; this page lists them. Every request asks the database with a short deadline. When
it does not answer, the answer is 503 with the reason; it is never an empty result.
"""

from fastapi import FastAPI

from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web import files, metrics
from dsa_hcal_assets.web.access.admission import Admission
from dsa_hcal_assets.web.api import groups, health, rig, status
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.etags import Etags
from dsa_hcal_assets.web.metrics.requests import RequestTimes
from dsa_hcal_assets.web.outages import add_outage_answers
from dsa_hcal_assets.web.pages import days, index

_ROUTES = (
    health,
    status,
    groups,
    rig,
    metrics,
    files,
    days,
    index,
)


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
    web = Web(settings)
    # The documentation pages would fetch scripts from the internet; /openapi.json does not.
    app = FastAPI(title="dsa_hcal_assets", version=web.version, docs_url=None, redoc_url=None)
    app.state.admission = Admission(web)
    add_outage_answers(app)
    app.add_middleware(Etags)
    app.add_middleware(RequestTimes, registry=web.registry)
    for room in _ROUTES:
        app.include_router(room.routes(web))
    return app
