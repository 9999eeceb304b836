"""``/api/hcal/.../series``: a quantity over time, in as many points as a display can show."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import BaseModel, Field

from dsa_hcal_assets.errors import PermanentError
from dsa_hcal_assets.hcal.access.series import Series, Unit, tower_series, unit_series
from dsa_hcal_assets.hcal.supplies.series import SupplyChannel, supply_series
from dsa_hcal_assets.web.api.hcal_state import HalfSectorName, SectorName, TowerId, unit_number
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.json_columns import json_answer
from dsa_hcal_assets.web.parameters import Word
from dsa_hcal_assets.web.spans import End, Span, Start, span_of

Points = Annotated[
    int, Query(ge=10, le=5000, description="Most points; a point of more readings has extremes")
]
Quantity = Literal["temperature", "leakage", "bias_offset", "bias", "lv_positive", "lv_negative"]
TowerQuantity = Quantity | Literal["temperature_sipm", "temperature_preamp"]
Number = Annotated[int, Query(ge=0, le=32767)]
NONE_SUCH: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such part of the detector"}}


class PointSeries(BaseModel):
    """Points in order of time as arrays of equal length; a step in which nothing was read has none."""

    quantity: str
    start: datetime
    end: datetime
    resolution: Literal["cycle", "hour", "day"] = Field(description="What the points were made from")
    step_seconds: float = Field(description="Longest time a point stands for, from its time stamp on")
    times: list[datetime]
    n: list[int] = Field(description="Values in each point")
    mean: list[float]
    min: list[float]
    max: list[float]


def routes(web: Web) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["hcal"], responses=NONE_SUCH)

    @router.get("/api/hcal/towers/{tower_id}/series", response_model=PointSeries)
    def of_tower(
        tower_id: TowerId, quantity: TowerQuantity, start: Start, end: End, points: Points = 1000
    ) -> Response:
        """A quantity of one tower; HCal: temperature, leakage, bias_offset, bias and low voltages; EMCal:
        temperature_sipm, temperature_preamp, bias, leakage."""  # noqa: D205, D209 - one sentence
        span = span_of(start, end)
        return _answer(quantity, span, lambda: tower_series(web.reader, tower_id, quantity, *span, points))

    @router.get("/api/hcal/half-sectors/{name}/series", response_model=PointSeries)
    def of_half_sector(
        name: HalfSectorName, quantity: Quantity, start: Start, end: End, points: Points = 1000
    ) -> Response:
        """A quantity of all towers of a half-sector."""
        return of_unit("half_sector", name, quantity, span_of(start, end), points)

    @router.get("/api/hcal/sectors/{name}/series", response_model=PointSeries)
    def of_sector(
        name: SectorName, quantity: Quantity, start: Start, end: End, points: Points = 1000
    ) -> Response:
        """A quantity of all towers of a sector, both halves taken together."""
        return of_unit("sector", name, quantity, span_of(start, end), points)

    @router.get("/api/hcal/supplies/series", response_model=PointSeries)
    def of_supply(
        crate: Annotated[Word, Query(description="As the list of supplies names it")],
        slot: Number,
        channel: Number,
        quantity: Literal["v_set", "v_meas", "i_limit", "i_meas"],
        start: Start,
        end: End,
        points: Points = 1000,
    ) -> Response:
        """Voltage (V) or current (A) of one supply channel."""
        span = span_of(start, end)
        supply = SupplyChannel(crate, slot, channel)
        return _answer(quantity, span, lambda: supply_series(web.reader, supply, quantity, *span, points))

    def of_unit(unit: Unit, name: str, quantity: str, span: Span, points: int) -> Response:
        number = unit_number(unit, name)
        return _answer(quantity, span, lambda: unit_series(web.reader, unit, number, quantity, *span, points))

    return router


def _answer(quantity: str, span: Span, read: Callable[[], Series]) -> Response:
    try:
        found = read()
    except PermanentError as error:
        raise HTTPException(422, str(error)) from error
    points = found.points
    return json_answer(
        {
            "quantity": quantity,
            "start": span.start,
            "end": span.end,
            "resolution": found.resolution,
            "step_seconds": found.step.total_seconds(),
            "times": found.times,
            **{name: points[name] for name in ("n", "mean", "min", "max")},
        }
    )
