"""``/api/ms_index``: the Measurement Set of every group, and how far it has come."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from dsa_hcal_assets.radio import measurement_sets
from dsa_hcal_assets.radio.measurement_sets import Stage, Status
from dsa_hcal_assets.web.api.answers import FromRow
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.paging import USUAL_ITEMS, CursorText, Keyset, Limit, Number, Page
from dsa_hcal_assets.web.parameters import Instant, Measured

_NEWEST_FIRST = Keyset(Number)


class MeasurementSet(FromRow):
    """A Measurement Set; `path` is below the root of the product tree, times are MJD (UTC)."""

    group_id: str = Field(validation_alias="group_key")
    product_id: int
    version: int
    path: str
    bytes: int
    profile: str | None
    telescope: str | None
    start_mjd: Measured
    end_mjd: Measured
    mid_mjd: Measured
    pointing_dec_deg: Measured
    calibrator: str | None
    stage: Stage
    status: Status
    stage_updated_at: datetime
    processed_at: datetime
    cal_applied: bool
    image_id: int | None


def routes(web: Web) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["radio"])

    @router.get("/api/ms_index")
    def ms_index(
        stage: Annotated[Stage | None, Query(description="The last product made of it")] = None,
        status: Annotated[
            Status | None,
            Query(description="done: imaged; failed: a gate closed; no_calibration: no set could be used"),
        ] = None,
        since: Annotated[Instant | None, Query(description="Group begins not before")] = None,
        until: Annotated[Instant | None, Query(description="Group begins before")] = None,
        limit: Limit = USUAL_ITEMS,
        cursor: CursorText = None,
    ) -> Page[MeasurementSet]:
        """Current Measurement Sets, the one made last first."""
        (after,) = _NEWEST_FIRST.after(cursor) or (None,)
        found = measurement_sets.newest_sets(
            web.reader, stage, status, since=since, until=until, after=after, limit=limit + 1
        )
        return _NEWEST_FIRST.page(
            [MeasurementSet.model_validate(one) for one in found],
            limit,
            key=lambda one: (one.product_id,),
        )

    return router
