"""``/api/health``: does the platform answer."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.rig import readers as rig
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.json_columns import model_answer

AWAY: dict[int | str, dict[str, Any]] = {
    503: {"description": "The database does not answer, with the reason"}
}


class Health(BaseModel):
    """The platform answers, and so does its database."""

    status: Literal["ok"]
    database: Literal["up"]
    record_count: int = Field(description="Cleaned readings of the rig")
    version: str
    timestamp: datetime


def routes(web: Web) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["platform"])

    @router.get("/api/health", response_model=Health, responses=AWAY)
    def health() -> Response:
        """Tell whether the platform's database answers; 503 with the reason when not."""
        return model_answer(
            Health(
                status="ok",
                database="up",
                record_count=rig.record_count(web.reader),
                version=web.version,
                timestamp=utc_now(),
            )
        )

    return router
