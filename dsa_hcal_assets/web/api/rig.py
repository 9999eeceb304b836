"""``/api/kpis``, ``/api/trends``, ``/api/summary``: the test rig, under the names its users know."""

from dataclasses import asdict
from datetime import date as Day
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import BaseModel, Field

from dsa_hcal_assets.rig import readers, trends
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.json_columns import json_body, model_answer
from dsa_hcal_assets.web.paging import CursorText, Limit, Page, offsets
from dsa_hcal_assets.web.remembered import Remembered
from dsa_hcal_assets.web.spans import BAD_DAY, DayText, End, Span, Start, day_of, span_of, whole_day

NO_DATA: dict[int | str, dict[str, Any]] = {404: {"description": "No data of that time"}}
Points = Annotated[
    int, Query(ge=10, le=5000, description="Most points; more readings become means and extremes")
]


class RigKpis(BaseModel):
    """Key figures of a UTC day; null: no reading was left to compute it from."""

    date: Day
    avg_temp: float | None = Field(description="Mean temperature, deg C")
    avg_pressure: float | None = Field(description="Mean pressure, kPa")
    alert_count: int = Field(description="Red alerts; a reading red in both quantities counts twice")
    uptime_hours: float | None = Field(description="Largest uptime, h")
    total_records: int = Field(description="Rows delivered, before cleaning")
    data_quality_score: float | None = Field(
        description="Rows kept by cleaning, in percent of those delivered"
    )


class RigTrends(BaseModel):
    """Cleaned readings as arrays of equal length, in order of time.

    A point is one reading (`step_seconds` null) or those of `step_seconds` from its time stamp on: then
    temperatures and pressures are means, and the arrays with _min and _max show the extremes.
    """

    start: datetime
    end: datetime
    step_seconds: float | None
    record_count: int = Field(description="Readings in all points")
    timestamps: list[datetime]
    readings: list[int] = Field(description="Readings of each point")
    temperatures: list[float] = Field(description="deg C")
    temperatures_min: list[float]
    temperatures_max: list[float]
    pressures: list[float] = Field(description="kPa")
    pressures_min: list[float]
    pressures_max: list[float]
    uptime_hours: list[float] = Field(description="The largest of each point, h")
    temperature_alerts: list[int] = Field(description="Readings with a red temperature alert")
    pressure_alerts: list[int] = Field(description="Readings with a red pressure alert")
    pressure_warnings: list[int] = Field(description="Readings with a yellow pressure alert")


class RigSummary(BaseModel):
    """All days taken together, and the key figures of the newest."""

    days: int
    first_day: Day
    last_day: Day
    total_records: int = Field(description="Rows delivered")
    kept_records: int = Field(description="Rows that cleaning kept")
    alert_count: int = Field(description="Red alerts")
    avg_temp: float | None = Field(description="Mean of all kept temperatures, deg C")
    avg_pressure: float | None = Field(description="Mean of all kept pressures, kPa")
    uptime_hours: float | None = Field(description="Largest uptime, h")
    data_quality_score: float | None = Field(description="Rows kept, in percent of those delivered")
    newest: RigKpis


def routes(web: Web) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["rig"])
    remembered = Remembered()

    @router.get("/api/kpis", response_model=RigKpis, responses=BAD_DAY | NO_DATA)
    def kpis(date: DayText = None) -> Response:
        """Key figures of a day; without `date` of the newest that has some."""
        return model_answer(_kpis(web, _day(web, date)))

    @router.get("/api/trends", response_model=RigTrends, responses=BAD_DAY | NO_DATA)
    def trend(
        date: DayText = None, start: Start | None = None, end: End | None = None, points: Points = 1000
    ) -> Response:
        """Readings of a day, or from `start` to `end`; without any of these of the newest day."""
        span = _span(web, date, start, end)
        version = readers.version(web.reader)
        body = remembered.body((span, points), version, lambda: _trends(web, span, points))
        return Response(body, media_type="application/json")

    @router.get("/api/summary", responses=NO_DATA)
    def summary() -> RigSummary:
        """All days that have key figures, taken together."""
        found = readers.summary(web.reader)
        if found is None:
            raise HTTPException(404, "no day of the rig has key figures yet")
        return RigSummary(
            **asdict(found),
            data_quality_score=found.data_quality_score,
            newest=_kpis(web, found.last_day),
        )

    @router.get("/api/rig/days")
    def days(limit: Limit = 366, cursor: CursorText = None) -> Page[Day]:
        """Days that have key figures, newest first."""
        return offsets(readers.days(web.reader)[::-1], limit, cursor)

    return router


def _day(web: Web, text: str | None) -> Day:
    day = readers.newest_day(web.reader) if text is None else day_of(text)
    if day is None:
        raise HTTPException(404, "no day of the rig has key figures yet")
    return day


def _kpis(web: Web, day: Day) -> RigKpis:
    found = readers.kpis(web.reader, day)
    if found is None:
        raise HTTPException(404, f"no key figures of {day}")
    return RigKpis.model_validate({"date": day, **found.as_json()})


def _span(web: Web, date: str | None, start: datetime | None, end: datetime | None) -> Span:
    if start is None and end is None:
        return whole_day(_day(web, date))
    if date is not None or start is None or end is None:
        raise HTTPException(422, "either `date`, or `start` and `end` are expected")
    return span_of(start, end)


def _trends(web: Web, span: Span, most_points: int) -> bytes:
    found = trends.read(web.reader, *span, most_points)
    points = found.points
    if not len(points):
        raise HTTPException(404, f"no readings from {span.start.isoformat()} to {span.end.isoformat()}")
    return json_body(
        {
            "start": found.start,
            "end": found.end,
            "step_seconds": None if found.step is None else found.step.total_seconds(),
            "record_count": found.readings,
            "timestamps": found.times,
            "readings": points["n"],
            "temperatures": points["temperature_mean"],
            "temperatures_min": points["temperature_min"],
            "temperatures_max": points["temperature_max"],
            "pressures": points["pressure_mean"],
            "pressures_min": points["pressure_min"],
            "pressures_max": points["pressure_max"],
            "uptime_hours": points["uptime"],
            "temperature_alerts": points["temperature_red"],
            "pressure_alerts": points["pressure_red"],
            "pressure_warnings": points["pressure_yellow"],
        }
    )
