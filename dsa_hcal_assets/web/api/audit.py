"""``/api/audit``: what was asked of the platform, by whom, and what came of it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from dsa_hcal_assets.access import Role, audit
from dsa_hcal_assets.web.access import needs
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.paging import USUAL_ITEMS, CursorText, Keyset, Limit, Number, Page
from dsa_hcal_assets.web.parameters import Instant, Word

_ORDER = Keyset(Number)


class AuditEntry(BaseModel):
    """An action, or a token that was not valid."""

    audit_id: int
    at: datetime
    name: Annotated[
        str, Field(description="Name of the token; `local` without one on this machine; empty: unknown")
    ]
    role: Role | None
    token_id: Annotated[
        str | None, Field(description="Public part of the token that was shown, right or wrong")
    ]
    address: Annotated[str, Field(description="Where from; `command line` for what was done there")]
    method: str
    route: str
    parameters: Annotated[
        dict[str, Any], Field(description="Of path and query, and the body; secrets are masked")
    ]
    outcome: Annotated[
        Literal["asked", "done", "refused", "failed"],
        Field(description="asked: not answered yet, or the service ended meanwhile"),
    ]
    status: Annotated[int | None, Field(description="HTTP status of the answer")]
    answered_at: datetime | None


def routes(web: Web) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["access"], dependencies=[Depends(needs(Role.ADMIN))])

    @router.get("/api/audit")
    def entries(
        name: Word | None = None,
        outcome: Literal["asked", "done", "refused", "failed"] | None = None,
        since: Instant | None = None,
        until: Instant | None = None,
        limit: Limit = USUAL_ITEMS,
        cursor: CursorText = None,
    ) -> Page[AuditEntry]:
        """What was asked, newest first: by a caller, with an outcome, from `since` on, before `until`."""
        (before,) = _ORDER.after(cursor) or (None,)
        found = audit.entries(
            web.reader, name=name, outcome=outcome, since=since, until=until, before=before, limit=limit + 1
        )
        shown = [AuditEntry.model_validate(entry, from_attributes=True) for entry in found]
        return _ORDER.page(shown, limit, key=lambda entry: (entry.audit_id,))

    return router
