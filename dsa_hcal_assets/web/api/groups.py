"""``/api/groups``: observation groups of the radio side."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query

from dsa_hcal_assets.radio import group_states
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.status import RECENT_GROUPS, group_as_json

GroupStateName = Literal["collecting", "pending", "in progress", "completed", "failed"]
MOST_GROUPS = 1000


def routes(web: Web) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["radio"])

    @router.get("/api/groups")
    def groups(
        state: GroupStateName | None = None,
        limit: Annotated[int, Query(ge=1, le=MOST_GROUPS)] = RECENT_GROUPS,
    ) -> dict[str, Any]:
        """Observation groups that got a subband last, newest first; of one state if given."""
        with web.reader.transaction() as cursor:
            found = group_states.latest(cursor, state, limit)
        return {"groups": [group_as_json(one) for one in found]}

    @router.get("/api/groups/{key}")
    def group(key: str) -> dict[str, Any]:
        """One observation group with its files, current products and gates."""
        found = group_states.details(web.reader, key)
        if found is None:
            raise HTTPException(404, "there is no group of that key")
        return {
            **group_as_json(found.group),
            "files": [asdict(one) for one in found.files],
            "products": [asdict(one) for one in found.products],
        }

    return router
