"""``/api/pace``: how much comes in, and whether processing keeps up with the sky."""

from datetime import datetime, timedelta

from fastapi import APIRouter
from pydantic import BaseModel, Field

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.ledger.arrival_rates import arrival_rates
from dsa_hcal_assets.radio.realtime import real_time
from dsa_hcal_assets.web.context import Web

STEP = timedelta(minutes=5)
STEPS = 36


class SourcePace(BaseModel):
    """What a source delivered, in steps of `step_seconds` from `start` on."""

    source: str
    files: list[int]
    bytes: list[int]
    newest: datetime


class RealTimeMargin(BaseModel):
    """Medians over the newest groups that got a report in the last day."""

    groups: int
    processing_seconds: float
    sky_seconds: float
    margin_seconds: float = Field(description="Below 0 groups pile up")


class Pace(BaseModel):
    """The last three hours."""

    start: datetime
    step_seconds: float
    sources: list[SourcePace] = Field(description="Those that delivered anything")
    real_time: RealTimeMargin | None = Field(description="null: no group got a report in the last day")


def routes(web: Web) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["platform"])

    @router.get("/api/pace")
    def pace() -> Pace:
        """Arrivals of the last three hours by source, and the real-time margin."""
        now = utc_now().replace(microsecond=0)
        # whole steps since the hour, so that a step's number stays what it was
        end = now - (now - now.replace(minute=0, second=0)) % STEP + STEP
        start = end - STEPS * STEP
        found = real_time(web.reader)
        return Pace(
            start=start,
            step_seconds=STEP.total_seconds(),
            sources=[SourcePace(**vars(one)) for one in arrival_rates(web.reader, start, STEP, STEPS)],
            real_time=None
            if found is None
            else RealTimeMargin(**vars(found), margin_seconds=found.margin_seconds),
        )

    return router
