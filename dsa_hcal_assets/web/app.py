"""The FastAPI application: ``uvicorn --factory dsa_hcal_assets.web.app:create_app``.

One module a resource; this page lists them. Every request asks the database with a short deadline. When
it does not answer, the answer is 503 with the reason; it is never an empty result.
"""

from fastapi import Depends, FastAPI

from dsa_hcal_assets.access.binding import require_guarded
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web import files, metrics
from dsa_hcal_assets.web.access import Role, needs
from dsa_hcal_assets.web.access.admission import Admission
from dsa_hcal_assets.web.access.declared import DescribedApi
from dsa_hcal_assets.web.access.guard import Guard
from dsa_hcal_assets.web.access.sign_in import ask_people
from dsa_hcal_assets.web.api import (
    alerts,
    audit,
    calibration,
    ese,
    events,
    exports,
    groups,
    hcal_record,
    hcal_series,
    hcal_shift,
    hcal_state,
    health,
    images,
    ms_index,
    pace,
    products,
    quality,
    reprocess,
    rig,
    session,
    status,
)
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.etags import Etags
from dsa_hcal_assets.web.live import endpoint as live
from dsa_hcal_assets.web.metrics.requests import RequestTimes
from dsa_hcal_assets.web.outages import add_outage_answers
from dsa_hcal_assets.web.pages import dashboard, days, index, sign_in, static_files

# anyone may ask these: they tell nothing that is kept, or admit their callers themselves
_OPEN = (
    health,
    session,
    sign_in,
    static_files,
)
# viewers may ask these; a route that needs more says so
_ROUTES = (
    status,
    alerts,
    groups,
    reprocess,
    calibration,
    quality,
    ese,
    products,
    images,
    ms_index,
    hcal_shift,
    hcal_state,
    hcal_series,
    hcal_record,
    events,
    rig,
    exports,
    pace,
    audit,
    metrics,
    files,
    days,
    index,
    dashboard,
    live,
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
        If a setting is wrong, there is no database to ask, or the API may not listen at its address.
    """
    web = Web(settings)
    settings = web.settings
    require_guarded(settings.api_host, web.writer)
    # The documentation pages would fetch scripts from the internet; /openapi.json does not.
    app = DescribedApi(
        title="dsa_hcal_assets",
        version=web.version,
        docs_url=None,
        redoc_url=None,
        max_body_size=settings.access.max_body_kib * 1024,
    )
    app.state.admission = Admission(web)
    app.add_exception_handler(401, ask_people)
    add_outage_answers(app)
    app.add_middleware(Etags)
    app.add_middleware(Guard, settings=settings, admission=app.state.admission)
    # outermost: what is refused is an answer too
    app.add_middleware(RequestTimes, registry=web.registry)
    for room in _OPEN:
        app.include_router(room.routes(web))
    for room in _ROUTES:
        app.include_router(room.routes(web), dependencies=[Depends(needs(Role.VIEWER))])
    return app
