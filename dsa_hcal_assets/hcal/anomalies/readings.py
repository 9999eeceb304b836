"""A day of detector readings as arrays, with the cycles just before it.

A day at the usual cadence is 440,000 rows. They come by binary COPY with NaN in place of NULL, so
that every row has one length and numpy reads them without a loop: 0.4 s against 3 s row by row.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.database.binary_copy import copied, postgres_time, times_of
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.hcal.mapping import geometry

Reals = NDArray[np.float32]

TOWER_QUANTITIES = ("temperature", "leakage", "bias_offset")
HALF_SECTOR_QUANTITIES = ("bias", "lv_positive", "lv_negative")
BIAS_ON_VOLTS = 30.0  # far below breakdown: without bias, leakage means nothing
LOOK_BACK = timedelta(minutes=40)  # changes are seen over ten minutes, with some cycles missing
LOOK_BACK_CYCLES = 3  # a board is silent after that many

_LOOK_BACK_TO = """
select least(%(start)s - %(look_back)s, min(cycle)) from (
    select cycle from hcal.snapshot where cycle < %(start)s and cycle >= %(start)s - interval '6 hours'
    order by cycle desc limit %(cycles)s
) before
"""
_CYCLES = "select cycle from hcal.snapshot where cycle >= %(low)s and cycle < %(end)s order by cycle"
_TOWERS = """
copy (
    select ts, tower_id, coalesce(temperature, 'NaN'), coalesce(leakage, 'NaN'), coalesce(bias_offset, 'NaN')
    from hcal.tower_reading where ts >= %(low)s and ts < %(end)s and tower_id < %(towers)s
) to stdout (format binary)
"""
# all towers of a half-sector carry its voltages and gain: one of them is asked
_HALF_SECTORS = """
copy (
    select ts, tower_id, coalesce(bias, 'NaN'), coalesce(lv_positive, 'NaN'), coalesce(lv_negative, 'NaN'),
           coalesce((gain = 'high')::integer::real, 'NaN')
    from hcal.tower_reading where ts >= %(low)s and ts < %(end)s and tower_id = any(%(first_towers)s)
) to stdout (format binary)
"""
_BOARDS = """
select ts, board, status in ('down', 'absent') from hcal.board_reading
where ts >= %(low)s and ts < %(end)s and status <> 'unmapped' order by board
"""


@dataclass(frozen=True, eq=False)
class Readings:
    """What the controllers said in the cycles of a day and just before it; NaN: not read.

    Parameters
    ----------
    times
        datetime64[us][cycles], UTC, ascending.
    first
        Index of the day's first cycle; those before it are its past.
    temperature, leakage, bias_offset
        float32[cycles, 3072], by `tower_id`.
    bias, lv_positive, lv_negative
        float32[cycles, 128], V, by half-sector.
    gain
        float32[cycles, 128]: 0 normal, 1 high.
    boards
        Names of the controllers.
    unread
        float32[cycles, boards]: 1 where nothing of the board was read, 0 where something was.
    """

    times: NDArray[np.datetime64]
    first: int
    temperature: Reals
    leakage: Reals
    bias_offset: Reals
    bias: Reals
    lv_positive: Reals
    lv_negative: Reals
    gain: Reals
    boards: tuple[str, ...]
    unread: Reals

    @property
    def seconds(self) -> NDArray[np.float64]:
        """Times in seconds since the first of them."""
        elapsed: NDArray[np.float64] = (self.times - self.times[:1]) / np.timedelta64(1, "s")
        return elapsed

    @property
    def bias_on(self) -> NDArray[np.bool_]:
        """Which half-sectors have bias, bool[cycles, 128]; not where it was not read."""
        return np.asarray(np.abs(self.bias) >= BIAS_ON_VOLTS)

    @property
    def leakage_with_bias(self) -> Reals:
        """Leakage, NaN where there was no bias, float32[cycles, 3072]."""
        bias_on = self.bias_on[:, geometry.towers().half_sector]
        return np.where(bias_on, self.leakage, np.float32(np.nan))

    def moment(self, cycle: int) -> datetime:
        """Return the time of a cycle, aware."""
        found: datetime = self.times[cycle].item()
        return found.replace(tzinfo=UTC)


def read_day(cursor: Cursor, day: date) -> Readings:
    """Return the readings of a UTC day and the cycles before it that its changes are seen against."""
    start, end = bounds(day)
    cursor.execute(_LOOK_BACK_TO, {"start": start, "look_back": LOOK_BACK, "cycles": LOOK_BACK_CYCLES})
    [(low,)] = cursor.fetchall()
    window = {"low": low, "end": end}
    cursor.execute(_CYCLES, window)
    cycles = np.array([postgres_time(cycle) for (cycle,) in cursor.fetchall()], dtype=np.int64)
    first_towers = _first_towers()
    towers = _read(cursor, _TOWERS, window | {"towers": geometry.HCAL_TOWERS}, TOWER_QUANTITIES)
    halves = _read(
        cursor,
        _HALF_SECTORS,
        window | {"first_towers": first_towers.tolist()},
        (*HALF_SECTOR_QUANTITIES, "gain"),
    )
    half_sector = geometry.towers().half_sector[halves["tower_id"]]
    boards, unread = _boards(cursor, window, cycles)
    return Readings(
        times=times_of(cycles),
        first=int(np.searchsorted(cycles, postgres_time(start))),
        boards=boards,
        unread=unread,
        **_placed(towers, towers["tower_id"], cycles, geometry.HCAL_TOWERS, TOWER_QUANTITIES),
        **_placed(halves, half_sector, cycles, geometry.HALF_SECTORS, (*HALF_SECTOR_QUANTITIES, "gain")),
    )


def _first_towers() -> NDArray[np.int64]:
    _, first = np.unique(geometry.towers().half_sector, return_index=True)
    return first


def _read(
    cursor: Cursor, statement: str, parameters: dict[str, object], reals: tuple[str, ...]
) -> NDArray[np.void]:
    """Return what a COPY gives: `ts` (microseconds since 2000), `tower_id` and `reals`."""
    row = np.dtype([("ts", "i8"), ("tower_id", "i2"), *((name, "f4") for name in reals)])
    return copied(cursor, cursor.mogrify(statement, parameters).decode(), row)


def _placed(
    rows: NDArray[np.void],
    places: NDArray[np.integer],
    cycles: NDArray[np.int64],
    size: int,
    names: tuple[str, ...],
) -> dict[str, Reals]:
    cycle = np.searchsorted(cycles, rows["ts"])
    arrays = {}
    for name in names:
        arrays[name] = np.full((len(cycles), size), np.nan, dtype=np.float32)
        arrays[name][cycle, places] = rows[name]
    return arrays


def _boards(
    cursor: Cursor, window: dict[str, object], cycles: NDArray[np.int64]
) -> tuple[tuple[str, ...], Reals]:
    cursor.execute(_BOARDS, window)
    rows = cursor.fetchall()
    boards = tuple(sorted({board for _, board, _ in rows}))
    unread = np.full((len(cycles), len(boards)), np.nan, dtype=np.float32)
    if rows:
        cycle = np.searchsorted(cycles, [postgres_time(moment) for moment, _, _ in rows])
        unread[cycle, [boards.index(board) for _, board, _ in rows]] = [silent for *_, silent in rows]
    return boards, unread
