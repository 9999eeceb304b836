"""The route of the metrics, and everything that answers there."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, ProcessCollector, generate_latest

from dsa_hcal_assets.observability import catalogue
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.metrics.acquisition import acquisition_metrics
from dsa_hcal_assets.web.metrics.custody import QualityMetrics, custody_metrics
from dsa_hcal_assets.web.metrics.database import database_metrics
from dsa_hcal_assets.web.metrics.detector import detector_metrics, rig_metrics
from dsa_hcal_assets.web.metrics.machine import disk_metrics
from dsa_hcal_assets.web.metrics.parts import Part, Parts
from dsa_hcal_assets.web.metrics.radio import group_metrics, radio_metrics
from dsa_hcal_assets.web.metrics.runs import RunMetrics
from dsa_hcal_assets.web.metrics.spool import SpoolMetrics, acquisition_notes

QUICK_SECONDS, SLOW_SECONDS = 5.0, 60.0
"""For how long an answer is good: of what costs milliseconds, and of what counts the rows of a year."""


def routes(web: Web) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["platform"])
    ProcessCollector(registry=web.registry)
    web.registry.register(_parts(web))

    @router.get("/metrics", response_class=Response)
    def metrics() -> Response:
        """The metrics of everything for Prometheus; without the database those that need none."""
        return Response(generate_latest(web.registry), media_type=CONTENT_TYPE_LATEST)

    return router


def _parts(web: Web) -> Parts:
    quality, runs, spool = QualityMetrics(), RunMetrics(), SpoolMetrics(web)
    settings = web.settings
    return Parts(
        Part("database", lambda: database_metrics(web.reader), QUICK_SECONDS),
        [
            Part("build", lambda: [catalogue.BUILD.family({(web.version,): 1.0})], SLOW_SECONDS, False),
            Part("disk", lambda: disk_metrics(settings), QUICK_SECONDS, False),
            Part("acquisition", lambda: acquisition_metrics(settings), QUICK_SECONDS, False),
            Part("notes", lambda: acquisition_notes(settings.incoming), QUICK_SECONDS, False),
            Part("spool", spool.read, QUICK_SECONDS),
            Part("custody", lambda: custody_metrics(web.reader), SLOW_SECONDS),
            Part("quality", lambda: quality.read(web.reader), QUICK_SECONDS),
            Part("runs", lambda: runs.read(web.reader), QUICK_SECONDS),
            Part("groups", lambda: group_metrics(web.reader), SLOW_SECONDS),
            Part("radio", lambda: radio_metrics(web.reader), QUICK_SECONDS),
            Part("detector", lambda: detector_metrics(web.reader), QUICK_SECONDS),
            Part("rig", lambda: rig_metrics(web.reader), QUICK_SECONDS),
        ],
    )
