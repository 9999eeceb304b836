"""``/api/hcal/supplies``, ``anomalies``, ``coverage``: what else the detector's record holds."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import AwareDatetime, BaseModel, Field

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.hcal import coverage
from dsa_hcal_assets.hcal.anomalies.readers import Anomaly, newest_anomalies
from dsa_hcal_assets.hcal.readers import NoState
from dsa_hcal_assets.hcal.supplies.readers import state_at
from dsa_hcal_assets.web.api.answers import records_of
from dsa_hcal_assets.web.api.hcal_state import NO_STATE
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.paging import USUAL_ITEMS, CursorText, Keyset, Limit, Number, Page
from dsa_hcal_assets.web.parameters import Instant, Word
from dsa_hcal_assets.web.spans import End, Start, span_of, span_or_week

LONGEST_COVERAGE = timedelta(days=32)
_NEWEST_FIRST = Keyset(AwareDatetime, Number)


class SupplyReading(BaseModel):
    """Newest reading of a supply channel; null: not read, or its kind does not say."""

    crate: str
    kind: str
    slot: int
    channel: int
    hcal_sector: int | None
    v_set: float | None = Field(description="V")
    v_meas: float | None = Field(description="V")
    i_limit: float | None = Field(description="A")
    i_meas: float | None = Field(description="A")
    switched_on: bool | None
    status: int | None
    state: str | None
    ts: datetime


class Gap(BaseModel):
    """Something missing from the record."""

    start: datetime
    end: datetime
    board: str | None = Field(description="null: all boards")
    reason: str
    cycles: int = Field(description="How many are missing, by count or cadence")


def routes(web: Web) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["hcal"])

    @router.get("/api/hcal/supplies", responses=NO_STATE)
    def supplies(
        at: Annotated[Instant | None, Query(description="Time; left out: now")] = None,
        max_age_seconds: Annotated[int, Query(ge=0, le=86400)] = 1800,
    ) -> list[SupplyReading]:
        """The newest reading of every supply channel at a time."""
        try:
            frame = state_at(web.reader, at or utc_now(), max_age=timedelta(seconds=max_age_seconds))
        except NoState as error:
            raise HTTPException(404, str(error)) from error
        return [SupplyReading.model_validate(row) for row in records_of(frame)]

    @router.get("/api/hcal/anomalies")
    def anomalies(
        start: Start | None = None,
        end: End | None = None,
        severity: Literal["warning", "error"] | None = None,
        kind: Annotated[Word | None, Query(description="As hcal.anomaly.kind")] = None,
        only_open: Annotated[bool, Query(description="Leave out those that are over")] = False,
        limit: Limit = USUAL_ITEMS,
        cursor: CursorText = None,
    ) -> Page[Anomaly]:
        """Anomalies in force at any time of a span (by default of the last week), newest first."""
        before = _NEWEST_FIRST.after(cursor)
        found = newest_anomalies(
            web.reader,
            *span_or_week(start, end),
            limit + 1,
            before=before and (before[0], before[1]),
            severity=severity,
            kind=kind,
            only_open=only_open,
        )
        return _NEWEST_FIRST.page(found, limit, lambda one: (one.started_at, one.anomaly_id))

    @router.get("/api/hcal/coverage")
    def gaps(start: Start, end: End) -> list[Gap]:
        """What is missing from the record of HCal cycles in a span of at most 32 days, and why."""
        span = span_of(start, end)
        if span.end - span.start > LONGEST_COVERAGE:
            raise HTTPException(422, f"end: at most {LONGEST_COVERAGE.days} days after `start` are expected")
        frame = coverage.gaps(web.reader, *span)
        return [Gap.model_validate(row) for row in frame.to_dict("records")]

    return router
