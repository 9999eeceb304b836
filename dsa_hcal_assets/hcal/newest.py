"""The newest detector cycle in brief: what was read, and the means of the 128 half-sectors.

Belongs here: the one question of those who watch. Not here: any other cycle (readers.py), and what is out
of order (shift_view.py).
"""

from dataclasses import dataclass, fields
from datetime import datetime

from psycopg2.extensions import cursor as Cursor

_CYCLE = """
select cycle, level, run_number, towers_read, loaded_at,
       jsonb_build_object('ok', boards_ok, 'partial', boards_partial, 'down', boards_down,
                          'absent', boards_absent, 'unmapped', boards_unmapped)
  from hcal.snapshot order by cycle desc limit 1
"""
# what boards tell has three digits at most; the others would only make the answer longer
_MEANS = ", ".join(
    f"round(avg(r.{name})::numeric, 3)::float8"
    for name in ("temperature", "leakage", "bias_offset", "bias", "lv_positive", "lv_negative")
)
# gain is one switch of the half-sector, and the same for all its towers
_HALF_SECTORS = f"""
select t.half_sector_label, count(r.temperature), {_MEANS}, min(r.gain)::text
  from hcal.tower t left join hcal.tower_reading r on r.tower_id = t.tower_id and r.ts = %s
 group by t.half_sector, t.half_sector_label order by t.half_sector
"""  # noqa: S608 - names of columns


@dataclass(frozen=True)
class Cycle:
    """The newest cycle that was loaded; `boards` counts them by status, `level` is None until judged."""

    cycle: datetime
    level: str | None
    run_number: int
    towers_read: int
    loaded_at: datetime
    boards: dict[str, int]


@dataclass(frozen=True)
class HalfSectors:
    """Half-sectors of one cycle, as lists in order of their numbers; None: not read.

    Means of the towers that were read, to three decimals: temperature in deg C, leakage in board units, bias
    offset in mV, bias and low voltages in V.
    """

    label: list[str]
    towers: list[int]
    temperature: list[float | None]
    leakage: list[float | None]
    bias_offset: list[float | None]
    bias: list[float | None]
    lv_positive: list[float | None]
    lv_negative: list[float | None]
    gain: list[str | None]


def newest_cycle(cursor: Cursor) -> Cycle | None:
    """Return the newest cycle; None before the first."""
    cursor.execute(_CYCLE)
    row = cursor.fetchone()
    return None if row is None else Cycle(*row)


def half_sectors(cursor: Cursor, cycle: datetime) -> HalfSectors:
    """Return the half-sectors as they were read in a cycle."""
    cursor.execute(_HALF_SECTORS, (cycle,))
    columns = list(zip(*cursor.fetchall(), strict=True)) or [()] * len(fields(HalfSectors))
    return HalfSectors(*(list(column) for column in columns))
