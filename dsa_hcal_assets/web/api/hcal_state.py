"""``/api/hcal/state``, ``towers``, ``half-sectors``, ``sectors``: the detector as it was read at a time."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Path, Query, Response
from pydantic import BaseModel, Field

from dsa_hcal_assets.hcal import readers
from dsa_hcal_assets.hcal.conditions.state import TowerState, tower_state
from dsa_hcal_assets.hcal.emcal import readers as emcal
from dsa_hcal_assets.hcal.events.event import LARGEST_TOWER
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.readers import NoState
from dsa_hcal_assets.hcal.unit_states import Unit, unit_states
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.json_columns import json_answer, plain_answer
from dsa_hcal_assets.web.parameters import Instant

NO_STATE: dict[int | str, dict[str, Any]] = {404: {"description": "Nothing was read near that time"}}
At = Annotated[Instant | None, Query(description="Time, ISO 8601 with its zone; left out: the newest cycle")]
MaxAge = Annotated[int, Query(ge=0, le=30 * 86400, description="Furthest that a reading may be from `at`, s")]
TowerId = Annotated[
    int, Path(ge=0, le=LARGEST_TOWER, description="OHCal 0-1535, IHCal 1536-3071, EMCal from 3072")
]
SectorName = Annotated[
    str,
    Path(pattern=r"^([OI]-\d\d|\d{1,2})$", max_length=4, description="Number 0-63, or a name such as O-08"),
]
HalfSectorName = Annotated[
    str,
    Path(
        pattern=r"^([OI]-\d\d[NS]|\d{1,3})$",
        max_length=5,
        description="Number 0-127, or a name such as O-08N",
    ),
]


class HcalState(BaseModel):
    """All 3072 towers of one cycle as arrays in order of `tower_id`; null: not read."""

    cycle: datetime
    tower_id: list[int]
    detector: list[int] = Field(description="0 OHCal, 1 IHCal")
    half_sector: list[int]
    ieta: list[int]
    iphi: list[int]
    temperature: list[float | None] = Field(description="deg C")
    leakage: list[float | None] = Field(description="Board units")
    bias_offset: list[float | None] = Field(description="DAC/mV units")
    bias: list[float | None] = Field(description="V")
    lv_positive: list[float | None] = Field(description="V")
    lv_negative: list[float | None] = Field(description="V")
    gain: list[str | None]


class EmcalState(BaseModel):
    """All 24,576 towers of one EMCal cycle as arrays in order of `tower_id`; null: not read."""

    cycle: datetime
    tower_id: list[int]
    sector: list[int]
    ieta: list[int]
    iphi: list[int]
    temperature_sipm: list[float | None] = Field(description="deg C")
    temperature_preamp: list[float | None] = Field(description="deg C")
    bias: list[float | None] = Field(description="V")
    leakage: list[float | None] = Field(description="Board units")


class Statistics(BaseModel):
    """Of the towers that were read."""

    mean: float
    min: float
    max: float


class UnitReading(BaseModel):
    """A half-sector or sector in one cycle; null: not read."""

    number: int
    label: str
    cycle: datetime
    towers_read: int = Field(description="Towers with a temperature")
    gain: Literal["normal", "high", "mixed"] | None
    quantities: dict[str, Statistics | None] = Field(description="By name; units as in hcal.tower_reading")


def routes(web: Web) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["hcal"], responses=NO_STATE)

    @router.get("/api/hcal/state", response_model=HcalState)
    def state(at: At = None, max_age_seconds: MaxAge = 3600) -> Response:
        """Every HCal tower in the cycle nearest to a time."""
        cycle = _cycle(web, at, max_age_seconds)
        return _columns(readers.state_at(web.reader, cycle, max_age=timedelta(0)), HcalState)

    @router.get("/api/hcal/emcal/state", response_model=EmcalState)
    def emcal_state(at: At = None, max_age_seconds: MaxAge = 3600) -> Response:
        """Every EMCal tower in the cycle nearest to a time."""
        cycle = _emcal_cycle(web, at, max_age_seconds)
        return _columns(emcal.state_at(web.reader, cycle, max_age=timedelta(0)), EmcalState)

    @router.get("/api/hcal/towers/{tower_id}")
    def tower(tower_id: TowerId, at: At = None, max_age_seconds: MaxAge = 3600) -> TowerState:
        """One tower's state that is valid at a time: readings, gain correction, bad channel.

        The fields are those of `hcal.tower_state_at` (EMCal: `hcal.emcal_state_at`) in docs/schema.md.
        """
        newest = _emcal_cycle if tower_id >= geometry.EMCAL_FIRST_TOWER_ID else _cycle
        moment = at or newest(web, None, max_age_seconds)
        try:
            return tower_state(web.reader, tower_id, moment, max_age=timedelta(seconds=max_age_seconds))
        except geometry.NoSuchTower as error:
            raise HTTPException(404, error.what) from error

    @router.get("/api/hcal/half-sectors", response_model=list[UnitReading])
    def half_sectors(at: At = None, max_age_seconds: MaxAge = 3600) -> Response:
        """The 128 half-sectors in the cycle nearest to a time."""
        return plain_answer(_units(web, "half_sector", at, max_age_seconds))

    @router.get("/api/hcal/half-sectors/{name}", response_model=UnitReading)
    def half_sector(name: HalfSectorName, at: At = None, max_age_seconds: MaxAge = 3600) -> Response:
        """One half-sector in the cycle nearest to a time."""
        number = unit_number("half_sector", name)
        return plain_answer(_units(web, "half_sector", at, max_age_seconds, number)[0])

    @router.get("/api/hcal/sectors", response_model=list[UnitReading])
    def sectors(at: At = None, max_age_seconds: MaxAge = 3600) -> Response:
        """The 64 sectors, both halves taken together, in the cycle nearest to a time."""
        return plain_answer(_units(web, "sector", at, max_age_seconds))

    @router.get("/api/hcal/sectors/{name}", response_model=UnitReading)
    def sector(name: SectorName, at: At = None, max_age_seconds: MaxAge = 3600) -> Response:
        """One sector in the cycle nearest to a time."""
        return plain_answer(_units(web, "sector", at, max_age_seconds, unit_number("sector", name))[0])

    return router


def unit_number(unit: Unit, name: str) -> int:
    """Return the number of a half-sector or sector from its number or name.

    Raises
    ------
    HTTPException
        404 if there is none.
    """
    count, label = (
        (geometry.HALF_SECTORS, geometry.half_sector_label)
        if unit == "half_sector"
        else (2 * geometry.SECTORS, geometry.sector_label)
    )
    for number in range(count):
        if name in (str(number), label(number)):
            return number
    raise HTTPException(404, f"there is no {unit.replace('_', '-')} {name}")


def _cycle(web: Web, at: datetime | None, max_age_seconds: int) -> datetime:
    try:
        return readers.cycle_near(web.reader, at, max_age=timedelta(seconds=max_age_seconds))
    except NoState as error:
        raise HTTPException(404, str(error)) from error


def _emcal_cycle(web: Web, at: datetime | None, max_age_seconds: int) -> datetime:
    try:
        return emcal.cycle_near(web.reader, at, max_age=timedelta(seconds=max_age_seconds))
    except NoState as error:
        raise HTTPException(404, str(error)) from error


def _units(
    web: Web, unit: Unit, at: datetime | None, max_age_seconds: int, number: int | None = None
) -> list[dict[str, Any]]:
    """Return what `UnitReading` describes."""
    cycle = _cycle(web, at, max_age_seconds)
    label = geometry.half_sector_label if unit == "half_sector" else geometry.sector_label
    return [
        {"label": label(one.number), "cycle": cycle, **vars(one)}
        for one in unit_states(web.reader, unit, cycle, number)
    ]


def _columns(frame: Any, model: type[BaseModel]) -> Response:
    arrays = {name: frame[name].to_numpy() for name in model.model_fields if name != "cycle"}
    return json_answer({"cycle": frame.attrs["cycle"], **arrays})
