"""What each half-sector and sector read in one cycle: statistics over its towers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg2 import sql

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.towers.tower_rows import REALS

Unit = Literal["half_sector", "sector"]

_STATISTICS = sql.SQL(", ").join(
    sql.SQL("avg(r.{0}), min(r.{0}), max(r.{0})").format(sql.Identifier(name)) for name in REALS
)
_STATES = sql.SQL("""
select t.{unit}, count(r.temperature), min(r.gain::text), max(r.gain::text), {statistics}
from hcal.tower t left join hcal.tower_reading r on r.tower_id = t.tower_id and r.ts = %s
where t.detector < 2 and (%s is null or t.{unit} = %s)
group by 1 order by 1
""")


@dataclass(frozen=True)
class Statistic:
    """Of the towers that were read, in the quantity's unit."""

    mean: float
    min: float
    max: float


@dataclass(frozen=True)
class UnitState:
    """A half-sector or sector in one cycle.

    Parameters
    ----------
    number
        half_sector 0-127, or sector_id 0-63.
    towers_read
        Towers with a temperature.
    gain
        normal, high, or mixed where its towers differ; None: not read.
    quantities
        By name; None: not read.
    """

    number: int
    towers_read: int
    gain: str | None
    quantities: dict[str, Statistic | None]


def unit_states(
    database: Database, unit: Unit, cycle: datetime, number: int | None = None
) -> list[UnitState]:
    """Return all half-sectors or sectors (or that of a `number`) in a cycle, in order."""
    statement = _STATES.format(
        unit=sql.Identifier("sector_id" if unit == "sector" else unit), statistics=_STATISTICS
    )
    with database.transaction() as cursor:
        cursor.execute(statement, (cycle, number, number))
        rows = cursor.fetchall()
    return [_state(*row) for row in rows]


def _state(number: int, read: int, least: str | None, most: str | None, *values: float | None) -> UnitState:
    gain = least if least == most else "mixed"
    triples = zip(REALS, values[::3], values[1::3], values[2::3], strict=True)
    quantities = {
        name: Statistic(mean, low, high)
        if mean is not None and low is not None and high is not None
        else None
        for name, mean, low, high in triples
    }
    return UnitState(number, read, gain, quantities)
