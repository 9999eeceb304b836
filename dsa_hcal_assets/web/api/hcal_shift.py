"""``/api/hcal/shift`` and ``/api/hcal/strips``: the detector as shift displays show it."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, HTTPException, Query, Response
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.hcal import access, maps
from dsa_hcal_assets.hcal.anomalies.words import words
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.geometry import HALF_SECTORS, Detector
from dsa_hcal_assets.hcal.readers import NoState
from dsa_hcal_assets.hcal.shift_view import ASPECTS, LED, Level, ShiftView, shift_view
from dsa_hcal_assets.products import ProductStore
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.json_columns import json_answer, listed
from dsa_hcal_assets.web.parameters import Instant

MAPPED = ("temperature", "leakage", "bias_offset")
MOST_ANOMALIES = 200
STALE_CYCLES = 2.5  # a board that misses two cycles is silent; so is the whole detector
Aspect = Literal["temperature", "leakage", "bias", "bias offset", "low voltage", "gain", "boards", "LED"]


class Scale(BaseModel):
    """Ends of a colour scale: the central 98 % of the values."""

    low: float
    high: float


class DetectorMap(Scale):
    """A quantity over eta and phi: cells in order 64 x ieta + iphi; null: not read."""

    detector: str
    quantity: str
    unit: str
    values: list[float | None]
    warnings: list[int] = Field(description="Cells with an anomaly of the quantity")
    errors: list[int]


class HalfSector(BaseModel):
    """A half-sector as its tile shows it; null: not read."""

    half_sector: int
    label: str
    detector: str
    level: Level = Field(description="Worst of `levels`, LED left out where it was never read")
    levels: dict[Aspect, Level]
    gain: str | None
    bias: float | None
    lv_positive: float | None
    lv_negative: float | None
    temperature: float | None = Field(description="Mean of its towers, deg C")
    leakage: float | None = Field(description="Mean of its towers, board units")
    bias_offset: float | None = Field(description="Mean of its towers, mV")
    led: str | None = Field(description="On, Off or Incorrect config")
    led_intensity: float | None
    pin_diode: float | None = Field(description="Mean of its five PIN diodes, ADC counts")


class TrafficLight(BaseModel):
    """The worst of a detector's half-sectors in one respect."""

    detector: str
    aspect: Aspect
    level: Level
    half_sectors: dict[Level, int] = Field(description="How many of the detector's 64 are so")


class AnomalyInForce(BaseModel):
    """Something out of order at the time of the snapshot."""

    severity: str
    place: str
    words: str
    half_sector: int | None
    tower_id: int | None
    started_at: datetime
    value: float | None = Field(description="Worst so far, in `unit`")
    limit_value: float | None
    unit: str


class Lights(BaseModel):
    """The traffic lights of one snapshot."""

    cycle: datetime
    age_seconds: float
    stale_after_seconds: float = Field(description="From this age on the acquisition or the loading hangs")
    run_number: int | None
    judged_at: datetime | None = Field(description="When anomalies of the day were looked for last")
    boards: dict[str, str] = Field(description="Board -> ok, partial, down, absent or unmapped")
    lights: list[TrafficLight]


class Shift(Lights):
    """The detector in one snapshot."""

    leds_read_at: datetime | None
    half_sectors: list[HalfSector]
    cell_half_sectors: dict[str, list[int]] = Field(description="Detector -> half-sector of each cell")
    cell_towers: dict[str, list[int]] = Field(description="Detector -> towerid of each cell")
    maps: list[DetectorMap]
    anomalies: list[AnomalyInForce] = Field(description=f"At most {MOST_ANOMALIES}, errors first")
    anomalies_total: int


class Strips(BaseModel):
    """Hourly means of all half-sectors, in order of their number; null: not read."""

    quantity: str
    unit: str
    hours: list[datetime]
    labels: list[str]
    values: list[list[float | None]]
    scales: dict[str, Scale] = Field(description="By detector")


def routes(web: Web) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["detector"])
    quantities = {one.column: one for one in (maps.TEMPERATURE, maps.LEAKAGE, maps.OFFSET)}
    nothing: dict[int | str, dict[str, Any]] = {
        404: {"description": "No detector state is loaded, or none near that time"}
    }

    @router.get("/api/hcal/lights", response_model=Lights, responses=nothing)
    def lights(at: Instant | None = None) -> Response:
        """The traffic lights of the newest snapshot, or of the one nearest to `at` (at most an hour away)."""
        return json_answer(_lights(web, _view(web, at)))

    @router.get("/api/hcal/shift", response_model=Shift, responses=nothing)
    def shift(at: Instant | None = None) -> Response:
        """The detector in its newest snapshot, or in the one nearest to `at` (at most an hour away)."""
        view = _view(web, at)
        cells = geometry.towers()
        return json_answer(
            {
                **_lights(web, view),
                "leds_read_at": None if view.leds.empty else view.leds["ts"].max().to_pydatetime(),
                "half_sectors": _half_sectors(view),
                "cell_half_sectors": {one.label: _cells(cells.half_sector, one) for one in Detector},
                "cell_towers": {one.label: _cells(cells.towerid, one) for one in Detector},
                "maps": [_map(view, detector, quantities[name]) for detector in Detector for name in MAPPED],
                "anomalies": _anomalies(view),
                "anomalies_total": len(view.anomalies),
            }
        )

    @router.get("/api/hcal/strips", response_model=Strips, responses=nothing)
    def strips(
        quantity: Literal["temperature", "leakage", "bias_offset"] = "temperature",
        until: Instant | None = None,
        hours: Annotated[int, Query(ge=1, le=168)] = 24,
    ) -> Response:
        """Hourly means of each half-sector in the hours before `until` (the newest cycle if left out)."""
        end = until or _view(web, None).cycle
        last = end.replace(minute=0, second=0, microsecond=0)
        wanted = [last - timedelta(hours=back) for back in reversed(range(hours))]
        found = access.read_rollup(
            web.reader,
            "half_sector_hour",
            quantity,
            range(HALF_SECTORS),
            wanted[0],
            last + timedelta(hours=1),
        ).at(wanted, max_age=timedelta(0))
        means = found.values.T.astype(np.float64)
        return json_answer(
            {
                "quantity": quantity,
                "unit": quantities[quantity].unit,
                "hours": wanted,
                "labels": [geometry.half_sector_label(number) for number in range(HALF_SECTORS)],
                "values": [listed(one) for one in means],
                "scales": {
                    detector.label: _scale(own, quantities[quantity])
                    for detector, own in zip(Detector, np.split(means, len(Detector)), strict=True)
                },
            }
        )

    return router


def _view(web: Web, at: datetime | None) -> ShiftView:
    try:
        return shift_view(web.reader, at)
    except NoState as error:
        raise HTTPException(404, str(error)) from error


def _lights(web: Web, view: ShiftView) -> dict[str, Any]:
    day = view.cycle.date().isoformat()
    judged = ProductStore(web.settings.products, web.reader).current("detector_anomalies", day)
    return {
        "cycle": view.cycle,
        "age_seconds": (utc_now() - view.cycle).total_seconds(),
        "stale_after_seconds": STALE_CYCLES * web.settings.hcal.poll_seconds,
        "run_number": view.run_number if view.run_number >= 0 else None,
        "judged_at": judged.created_at if judged else None,
        "boards": view.boards,
        "lights": [{**vars(one), "detector": one.detector.label} for one in view.lights()],
    }


def _map(view: ShiftView, detector: Detector, quantity: maps.Quantity) -> dict[str, Any]:
    grid = maps.tower_grid(view.towers, detector, quantity.column)
    own = view.anomalies[
        (view.anomalies["quantity"] == quantity.column) & (view.anomalies["detector"] == int(detector))
    ].dropna(subset=["tower_id"])
    marked = {
        severity: _marked(own.loc[own["severity"] == severity, "tower_id"].to_numpy(np.int64))
        for severity in ("warning", "error")
    }
    return {
        "detector": detector.label,
        "quantity": quantity.column,
        "unit": quantity.unit,
        "values": listed(grid.ravel()),
        **_scale(grid, quantity),
        "warnings": marked["warning"],
        "errors": marked["error"],
    }


def _scale(values: NDArray[np.float64], quantity: maps.Quantity) -> dict[str, float]:
    low, high = maps.colour_limits(values, quantity)
    return {"low": low, "high": high}


def _half_sectors(view: ShiftView) -> list[dict[str, Any]]:
    names = ("temperature", "leakage", "bias_offset", "bias", "lv_positive", "lv_negative")
    means = {name: listed(view.mean_of(name)) for name in names}
    gains = (
        view.towers.dropna(subset=["gain"]).drop_duplicates("half_sector").set_index("half_sector")["gain"]
    )
    leds = view.leds.to_dict("index")
    unread = dict.fromkeys(view.leds.columns)
    found = []
    for number in range(HALF_SECTORS):
        levels = {aspect: view.level_of(number, aspect) for aspect in (*ASPECTS, LED)}
        counted = [one for aspect, one in levels.items() if aspect != LED or leds]
        led = leds.get(number, unread)
        found.append(
            {
                "half_sector": number,
                "label": geometry.half_sector_label(number),
                "detector": Detector(number // (HALF_SECTORS // len(Detector))).label,
                "level": max(counted, key=list(Level).index),
                "levels": levels,
                "gain": gains.get(number),
                "led": led["state"],
                "led_intensity": led["led_intensity"],
                "pin_diode": led["pin_diode"],
                **{name: values[number] for name, values in means.items()},
            }
        )
    return found


def _anomalies(view: ShiftView) -> list[dict[str, Any]]:
    return [
        {
            "severity": row["severity"],
            "place": row["place"],
            "words": words(row["kind"], row["quantity"]),
            "half_sector": _integer(row["half_sector"]),
            "tower_id": _integer(row["tower_id"]),
            "started_at": row["started_at"].to_pydatetime(),
            "value": row["value"],
            "limit_value": row["limit_value"],
            "unit": row["detail"].get("unit", ""),
        }
        for row in view.anomalies.head(MOST_ANOMALIES).to_dict("records")
    ]


def _cells(of_tower: NDArray[np.int32], detector: Detector) -> list[int]:
    """Return what belongs to each tower of a detector in the order of the cells of a map."""
    identities = geometry.towers()
    own = identities.detector == int(detector)
    cells = np.empty(geometry.TOWERS_PER_DETECTOR, dtype=np.int64)
    cells[identities.ieta[own] * geometry.PHI_BINS + identities.iphi[own]] = of_tower[own]
    return list(map(int, cells))


def _marked(towers: NDArray[np.int64]) -> list[int]:
    """Return the cells of towers, each once."""
    identities, own = geometry.towers(), np.unique(towers)
    cells: list[int] = (identities.ieta[own] * geometry.PHI_BINS + identities.iphi[own]).tolist()
    return cells


def _integer(value: object) -> int | None:
    return int(value) if isinstance(value, (int, np.integer)) else None
