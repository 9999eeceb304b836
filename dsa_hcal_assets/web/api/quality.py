"""``/api/quality``: what is measured, against which limits, and every verdict given."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import BaseModel

from dsa_hcal_assets.quality import history
from dsa_hcal_assets.quality.history import Wanted
from dsa_hcal_assets.quality.thresholds import Threshold
from dsa_hcal_assets.quality.verdicts import Level
from dsa_hcal_assets.web.api.answers import FromRow
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.paging import (
    MOST_ITEMS,
    USUAL_ITEMS,
    CursorText,
    Keyset,
    Limit,
    Number,
    Page,
    offsets,
)
from dsa_hcal_assets.web.parameters import Instant, Measured, Word

_NEWEST_FIRST = Keyset(Number)


class MetricDefinition(BaseModel):
    """A metric and its limits here; `profiles` have limits of their own, told in the thresholds file."""

    stage: str
    metric: str
    description: str
    unit: str
    blocking: bool
    warn_below: Measured
    warn_above: Measured
    error_below: Measured
    error_above: Measured
    profiles: list[str]

    @classmethod
    def of(cls, one: Threshold) -> "MetricDefinition":
        """Return the definition of a metric."""
        return cls(
            stage=one.stage,
            metric=one.metric,
            description=one.description,
            unit=one.unit,
            blocking=one.blocking,
            profiles=sorted(one.profiles),
            **vars(one.limits),
        )


class GivenVerdict(FromRow):
    """A verdict; `blocking` with level fail stops everything downstream of its product."""

    verdict_id: int
    product_id: int | None
    partition: str
    stage: str
    metric: str
    value: Measured
    unit: str
    level: Level
    blocking: bool
    limit: str
    detail: str
    run_id: str
    recorded_at: datetime


class Point(FromRow):
    """The value of a metric for one partition."""

    partition: str
    value: Measured
    level: Level
    recorded_at: datetime
    product_id: int | None


class Series(BaseModel):
    """A metric over the newest partitions, oldest first; `truncated`: there are older ones."""

    stage: str
    metric: str
    unit: str
    description: str
    truncated: bool
    points: list[Point]


def routes(web: Web) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["quality"])

    @router.get("/api/quality/metrics")
    def metrics(
        stage: Annotated[Word | None, Query(description="Name of the asset")] = None,
        limit: Limit = USUAL_ITEMS,
        cursor: CursorText = None,
    ) -> Page[MetricDefinition]:
        """All metrics with the limits of this installation, by stage."""
        thresholds = web.installation.thresholds
        wanted = list(thresholds) if stage is None else thresholds.of_stage(stage)
        return offsets([MetricDefinition.of(one) for one in wanted], limit, cursor)

    @router.get("/api/quality/metrics/{stage}/{metric}", responses={404: {"description": "No such metric"}})
    def series(
        stage: Annotated[Word, Path()],
        metric: Annotated[Word, Path()],
        since: Annotated[Instant | None, Query(description="Measured not before")] = None,
        until: Annotated[Instant | None, Query(description="Measured before")] = None,
        limit: Limit = MOST_ITEMS,
    ) -> Series:
        """The values of one metric that count, one a partition."""
        defined = web.installation.thresholds.by_stage.get(stage, {}).get(metric)
        if defined is None:
            raise HTTPException(404, f"nothing called {metric} is measured at {stage}")
        wanted = Wanted(stage, metric, since=since, until=until, counting=True)
        found = history.newest_verdicts(web.reader, wanted, limit=limit + 1)
        points = [Point.model_validate(one) for one in reversed(found[:limit])]
        return Series(
            stage=stage,
            metric=metric,
            unit=defined.unit,
            description=defined.description,
            truncated=len(found) > limit,
            points=points,
        )

    @router.get("/api/quality/verdicts")
    def verdicts(
        stage: Word | None = None,
        metric: Word | None = None,
        partition: Annotated[Word | None, Query(description="Group or UTC day")] = None,
        level: Level | None = None,
        blocking: bool | None = None,
        since: Annotated[Instant | None, Query(description="Given not before")] = None,
        until: Annotated[Instant | None, Query(description="Given before")] = None,
        counting: Annotated[
            bool, Query(description="Only the latest of each metric, on current products")
        ] = False,
        limit: Limit = USUAL_ITEMS,
        cursor: CursorText = None,
    ) -> Page[GivenVerdict]:
        """Every verdict given, the newest first."""
        (after,) = _NEWEST_FIRST.after(cursor) or (None,)
        wanted = Wanted(stage, metric, partition, level, blocking, since, until, counting)
        found = history.newest_verdicts(web.reader, wanted, after, limit + 1)
        return _NEWEST_FIRST.page(
            [GivenVerdict.model_validate(one) for one in found], limit, key=lambda one: (one.verdict_id,)
        )

    return router
