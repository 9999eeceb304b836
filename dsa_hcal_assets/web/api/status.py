"""``/api/status``: where everything stands, in numbers."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.status import RECENT_GROUPS, read_status

MOST_GROUPS = 1000


def routes(web: Web) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["platform"])

    @router.get("/api/status")
    def status(limit: Annotated[int, Query(ge=0, le=MOST_GROUPS)] = RECENT_GROUPS) -> dict[str, Any]:
        """Ledger, groups, products, verdicts, open alerts and the newest snapshot, in numbers."""
        return {**read_status(web.reader, limit).as_json(), "version": web.version}

    return router
