"""``/api/events``: the time line of what was done to the detector."""

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.daq.durable_file import DiskFull, WriteFailed
from dsa_hcal_assets.errors import BadInput, InputConflict
from dsa_hcal_assets.hcal.events import timeline
from dsa_hcal_assets.hcal.events.event import EMCAL, LARGEST_TOWER, ControlEvent, Kind
from dsa_hcal_assets.hcal.events.event_file import FORMAT, parse_event
from dsa_hcal_assets.hcal.events.newest import RecordedEvent, newest_events
from dsa_hcal_assets.hcal.events.recording import Recorded, Standing, record
from dsa_hcal_assets.hcal.events.runs import RunEndsBeforeItStarts
from dsa_hcal_assets.hcal.mapping.geometry import HALF_SECTORS
from dsa_hcal_assets.hcal.snapshots.cycle import LARGEST_RUN
from dsa_hcal_assets.hcal.snapshots.ingest import SnapshotTimeImpossible
from dsa_hcal_assets.web.access import Caller, Role, needs
from dsa_hcal_assets.web.api.answers import records_of
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.paging import USUAL_ITEMS, CursorText, Keyset, Limit, Number, Page
from dsa_hcal_assets.web.parameters import Instant
from dsa_hcal_assets.web.spans import End, Start, span_or_week

_NEWEST_FIRST = Keyset(AwareDatetime, Number)
_STATUS = {Standing.RECORDED: 201, Standing.KNOWN: 200, Standing.WAITING: 202}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The same event was recorded before"},
    202: {"description": "The event is safe in a file; it will be recorded when the database is back"},
    400: {"description": "It is no event: the message names the field"},
    409: {"description": "It contradicts what is recorded"},
    503: {"description": "It could not be kept; nothing is left of it"},
}


class EventReport(BaseModel):
    """What was done to the detector, or befell it; docs/data-formats.md says what `value` may hold.

    Without `detector`, `half_sector` and `tower_id` it concerns everything; at most one may be given.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    at: Annotated[Instant | None, Field(description="When it happened; left out: now")] = None
    detector: Annotated[int | None, Field(ge=0, le=EMCAL, description="0 OHCal, 1 IHCal, 2 EMCal")] = None
    half_sector: Annotated[int | None, Field(ge=0, lt=HALF_SECTORS)] = None
    tower_id: Annotated[int | None, Field(ge=0, le=LARGEST_TOWER)] = None
    run_number: Annotated[int | None, Field(ge=0, le=LARGEST_RUN)] = None
    value: dict[str, Any] = Field(default_factory=dict, description="What else is known, by kind")
    source: Annotated[
        str | None,
        Field(min_length=1, max_length=200, description="Who says so; left out: the caller's name"),
    ] = None


class EventStanding(BaseModel):
    """What became of an event."""

    standing: Standing
    event_id: int | None = Field(description="null while it waits for the database")


class StateInForce(BaseModel):
    """How something stood; null: it concerns everything, or is not known."""

    topic: str
    detector: int | None
    half_sector: int | None
    state: str
    since: datetime
    run_number: int | None
    value: dict[str, Any] | None
    event_id: int


def routes(web: Web) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["events"])

    @router.get("/api/events")
    def events(
        start: Start | None = None,
        end: End | None = None,
        kind: Kind | None = None,
        run_number: Annotated[int | None, Query(ge=0, le=LARGEST_RUN)] = None,
        limit: Limit = USUAL_ITEMS,
        cursor: CursorText = None,
    ) -> Page[RecordedEvent]:
        """Events of a span (by default of the last week), newest first."""
        before = _NEWEST_FIRST.after(cursor)
        found = newest_events(
            web.reader,
            *span_or_week(start, end),
            limit + 1,
            before=before and (before[0], before[1]),
            kind=kind,
            run_number=run_number,
        )
        return _NEWEST_FIRST.page(found, limit, lambda one: (one.at, one.event_id))

    @router.get("/api/events/state")
    def state(
        at: Annotated[Instant | None, Query(description="Time; left out: now")] = None,
    ) -> list[StateInForce]:
        """What was on, which gain and which run at a time; what nobody told is not there."""
        frame = timeline.state_at(web.reader, at or utc_now())
        return [StateInForce.model_validate(row) for row in records_of(frame)]

    @router.post("/api/events", status_code=201, responses=_ANSWERS)
    def report(
        event: EventReport, answer: Response, caller: Annotated[Caller, Depends(needs(Role.OPERATOR))]
    ) -> EventStanding:
        """Record an event; doing so again is harmless. It is on the disk before this answers."""
        done = _recorded(web, _event(event, caller))
        answer.status_code = _STATUS[done.standing]
        return EventStanding(standing=done.standing, event_id=done.event_id)

    return router


def _event(report: EventReport, caller: Caller) -> ControlEvent:
    given = report.model_dump(mode="json", exclude_none=True)
    defaults = {"at": utc_now().isoformat(), "source": caller.name}
    try:
        return parse_event(json.dumps(defaults | given | {"format": FORMAT}), "the event")
    except BadInput as error:
        raise HTTPException(400, str(error)) from error


def _recorded(web: Web, event: ControlEvent) -> Recorded:
    try:
        return record(event, web.settings.incoming / "events", web.writer, web.ledger, "api")
    except SnapshotTimeImpossible as error:
        raise HTTPException(400, str(error)) from error
    except (InputConflict, RunEndsBeforeItStarts) as error:
        raise HTTPException(409, str(error)) from error
    except (DiskFull, WriteFailed) as error:
        raise HTTPException(503, str(error)) from error
