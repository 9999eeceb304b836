"""``/metrics``: the numbers for Prometheus."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.spool_metrics import SpoolCollector
from dsa_hcal_assets.web.status_metrics import StatusCollector


def routes(web: Web) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["platform"])
    registry = CollectorRegistry()
    registry.register(StatusCollector(web.writer))
    registry.register(SpoolCollector(web.settings.incoming, web.writer, web.ledger))

    @router.get("/metrics", response_class=Response)
    def metrics() -> Response:
        """The status for Prometheus."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router
