"""``/api/ese``: candidates of extreme scattering events."""

from datetime import datetime
from typing import Annotated, cast

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from dsa_hcal_assets.radio import ese_candidates
from dsa_hcal_assets.radio.ese_candidates import CandidateStatus
from dsa_hcal_assets.web.api.answers import FromRow
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.paging import USUAL_ITEMS, CursorText, Keyset, Limit, Number, Page
from dsa_hcal_assets.web.parameters import Measured, Word

_NEWEST_FIRST = Keyset(AwareDatetime, Number)


class Candidate(FromRow):
    """An event: position ICRS, `max_sigma_dev` its largest departure in standard errors."""

    candidate_id: int
    source_id: str
    ra_deg: float
    dec_deg: float
    first_detection_at: datetime
    last_detection_at: datetime
    max_sigma_dev: float
    current_flux_jy: Measured
    baseline_flux_jy: Measured
    flagged_by: str
    flagged_at: datetime
    status: CandidateStatus
    notes: str


def routes(web: Web) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["radio"])

    @router.get("/api/ese/candidates")
    def candidates(
        status: CandidateStatus | None = None,
        source: Annotated[Word | None, Query(description="Name of the source")] = None,
        min_sigma: Annotated[float | None, Query(ge=0, le=1e6, allow_inf_nan=False)] = None,
        limit: Limit = USUAL_ITEMS,
        cursor: CursorText = None,
    ) -> Page[Candidate]:
        """Candidates, the one seen last first; none until a search of light curves has entered some."""
        after = cast("tuple[datetime, int] | None", _NEWEST_FIRST.after(cursor))
        found = ese_candidates.newest_candidates(
            web.reader, status, source, min_sigma=min_sigma, after=after, limit=limit + 1
        )
        return _NEWEST_FIRST.page(
            [Candidate.model_validate(one) for one in found],
            limit,
            key=lambda one: (one.last_detection_at, one.candidate_id),
        )

    return router
