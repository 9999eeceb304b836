"""``/api/alerts``: what is wrong, who takes care, how it was told, and what is silenced."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from dsa_hcal_assets.alerts import Severity, history, record, silences
from dsa_hcal_assets.alerts.history import ChannelState, Delivery, Found, Standing
from dsa_hcal_assets.alerts.silences import BadSilence, Matchers
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.web.access import Caller, Role, needs
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.paging import USUAL_ITEMS, CursorText, Keyset, Limit, Number, Page, offsets
from dsa_hcal_assets.web.parameters import Identifier, Instant, Word

MOST_HOURS = 24 * 365
MOST_SILENCES = 10_000
_ORDER = Keyset(Number)
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": "There is none of that number"}}
_NOTHING: dict[int | str, dict[str, Any]] = {400: {"description": "It would silence nothing"}}
_DONE: dict[int | str, dict[str, Any]] = {409: {"description": "It was done before"}}
Operator = Annotated[Caller, Depends(needs(Role.OPERATOR))]
Pattern = Annotated[Word | None, Field(description="`*` stands for any text; left out: any")]


class AlertAnswer(BaseModel):
    """An alert and where it stands.

    `times` says how often it was told while it was open, `silence_id` which silence in force it matches.
    """

    id: int
    severity: Severity
    category: str
    title: str
    message: str
    source: str
    partition: str | None
    run_id: str | None
    details: dict[str, Any]
    dedup_key: str | None
    raised_at: datetime
    times: int
    last_raised_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    silence_id: int | None

    @classmethod
    def of(cls, found: Found) -> "AlertAnswer":
        """Return the answer for an alert of the record."""
        entry, alert = found.entry, found.entry.alert
        return cls(
            id=entry.alert_id,
            severity=alert.severity,
            category=alert.category,
            title=alert.title,
            message=alert.message,
            source=alert.source,
            partition=alert.partition,
            run_id=alert.run_id,
            details=dict(alert.details),
            dedup_key=alert.dedup_key or None,
            raised_at=alert.raised_at,
            times=entry.times,
            last_raised_at=entry.last_raised_at,
            acknowledged_at=entry.acknowledged_at,
            acknowledged_by=entry.acknowledged_by,
            resolved_at=entry.resolved_at,
            resolved_by=entry.resolved_by,
            silence_id=found.silence_id,
        )


class AlertDetail(AlertAnswer):
    """An alert, and its way to each channel."""

    deliveries: list[Delivery]


class SilenceRequest(BaseModel):
    """Which alerts nobody shall be told of, and until when: all patterns that are given have to match."""

    model_config = ConfigDict(extra="forbid")

    category: Pattern = None
    source: Pattern = None
    partition: Pattern = None
    title: Pattern = None
    up_to: Annotated[Severity, Field(description="Most urgent that is silenced")] = Severity.CRITICAL
    until: Annotated[Instant | None, Field(description="When it ends; or give `hours`")] = None
    hours: Annotated[float | None, Field(gt=0, le=MOST_HOURS, description="How long it lasts")] = None
    reason: Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")] = ""

    @model_validator(mode="after")
    def _one_end(self) -> "SilenceRequest":
        if (self.until is None) == (self.hours is None):
            raise ValueError("give `until` or `hours`")
        return self

    @property
    def end(self) -> datetime:
        """When the silence ends."""
        return self.until or utc_now() + timedelta(hours=self.hours or 0)


class SilenceAnswer(BaseModel):
    """A silence and where it stands."""

    id: int
    category: str | None
    source: str | None
    partition: str | None
    title: str | None
    up_to: Severity
    reason: str
    created_at: datetime
    created_by: str
    ends_at: datetime
    lifted_at: datetime | None
    lifted_by: str | None

    @classmethod
    def of(cls, one: silences.Silence) -> "SilenceAnswer":
        """Return the answer for a silence of the record."""
        values = {name: value for name, value in vars(one).items() if name not in ("silence_id", "matchers")}
        return cls(id=one.silence_id, **vars(one.matchers), **values)


def routes(web: Web) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["alerts"])

    @router.get("/api/alerts")
    def alerts(
        state: Annotated[Standing | None, Query(description="Left out: also those that are over")] = None,
        severity: Annotated[Severity | None, Query(description="Only those at least so urgent")] = None,
        category: Word | None = None,
        source: Word | None = None,
        partition: Word | None = None,
        since: Annotated[Instant | None, Query(description="Told at or after")] = None,
        until: Annotated[Instant | None, Query(description="First told before")] = None,
        limit: Limit = USUAL_ITEMS,
        cursor: CursorText = None,
    ) -> Page[AlertAnswer]:
        """Alerts, newest first."""
        after = _ORDER.after(cursor)
        found = history.search(
            web.reader,
            least=severity,
            category=category,
            source=source,
            partition=partition,
            standing=state,
            since=since,
            until=until,
            before=None if after is None else after[0],
            limit=limit + 1,
        )
        return _ORDER.page([AlertAnswer.of(one) for one in found], limit, lambda one: (one.id,))

    @router.get("/api/alerts/channels")
    def channels() -> list[ChannelState]:
        """What waits for each channel that alerts were for, and when it last took something."""
        return history.channel_states(web.reader)

    @router.get("/api/alerts/silences")
    def list_silences(
        ended: Annotated[bool, Query(description="Also those that have ended")] = False,
        limit: Limit = USUAL_ITEMS,
        cursor: CursorText = None,
    ) -> Page[SilenceAnswer]:
        """Silences, newest first."""
        found = silences.silences(web.reader, ended=ended, limit=MOST_SILENCES)
        return offsets([SilenceAnswer.of(one) for one in found], limit, cursor)

    @router.post("/api/alerts/silences", status_code=201, responses=_NOTHING)
    def make_silence(wanted: SilenceRequest, caller: Operator) -> SilenceAnswer:
        """Tell nobody of some alerts for a while. What is still wrong at its end is told then."""
        matchers = Matchers(wanted.category, wanted.source, wanted.partition, wanted.title, wanted.up_to)
        try:
            made = silences.silence(
                web.writer, matchers, until=wanted.end, who=caller.name, reason=wanted.reason
            )
        except BadSilence as error:
            raise HTTPException(400, str(error)) from error
        return SilenceAnswer.of(made)

    @router.delete("/api/alerts/silences/{silence_id}", status_code=204, responses=_UNKNOWN)
    def lift_silence(silence_id: Identifier, caller: Operator) -> None:
        """End a silence now."""
        if not silences.lift(web.writer, silence_id, caller.name):
            raise HTTPException(404, "there is no silence of that number in force")

    @router.get("/api/alerts/{alert_id}", responses=_UNKNOWN)
    def alert(alert_id: Identifier) -> AlertDetail:
        """One alert and how it was told."""
        found = _known(web, alert_id)
        told = history.deliveries(web.reader, alert_id)
        return AlertDetail(**AlertAnswer.of(found).model_dump(), deliveries=told)

    @router.post("/api/alerts/{alert_id}/acknowledge", responses={**_UNKNOWN, **_DONE})
    def acknowledge(alert_id: Identifier, caller: Operator) -> AlertAnswer:
        """Note that the caller takes care; the alert stays open until its trouble is over."""
        if not record.acknowledge(web.writer, alert_id, caller.name):
            raise HTTPException(409, f"{_known(web, alert_id).entry.acknowledged_by} acknowledged it before")
        return AlertAnswer.of(_known(web, alert_id))

    @router.post("/api/alerts/{alert_id}/resolve", responses={**_UNKNOWN, **_DONE})
    def resolve(alert_id: Identifier, caller: Operator) -> AlertAnswer:
        """Close an alert by hand; whoever was told of it is told that it is over."""
        if not record.resolve_alert(web.writer, alert_id, caller.name):
            raise HTTPException(409, f"it has been over since {_known(web, alert_id).entry.resolved_at}")
        return AlertAnswer.of(_known(web, alert_id))

    return router


def _known(web: Web, alert_id: int) -> Found:
    found = history.one(web.reader, alert_id)
    if found is None:
        raise HTTPException(404, "there is no alert of that number")
    return found
