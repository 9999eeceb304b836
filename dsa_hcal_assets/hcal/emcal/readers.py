"""The EMCal's state as pandas frames: the questions people ask, each one bounded query.

All times are aware UTC; intervals are half-open [start, end).
"""

from datetime import date, datetime, timedelta

import pandas as pd

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.hcal.emcal.snapshot import EMCAL
from dsa_hcal_assets.hcal.emcal.tower_rows import REALS
from dsa_hcal_assets.hcal.readers import frame_of, nothing_near

TOWER_COLUMNS = ["tower_id", "towerid", "ieta", "iphi", "sector", "interface_board", "board_channel"]

_STATE = """
select t.tower_id, t.towerid, t.ieta, t.iphi, t.sector, t.interface_board, t.board_channel,
       r.temperature_sipm, r.temperature_preamp, r.bias, r.leakage
from hcal.emcal_tower t left join hcal.emcal_reading r on r.tower_id = t.tower_id and r.ts = %s
order by t.tower_id
"""
# through the snapshots: one seek in the key (ts, tower_id) a cycle
_SERIES = """
select s.cycle, r.temperature_sipm, r.temperature_preamp, r.bias, r.leakage
from hcal.source_snapshot s
left join lateral (
    select * from hcal.emcal_reading r where r.ts = s.cycle and r.tower_id = %s limit 1
) r on true
where s.source = %s and s.cycle >= %s and s.cycle < %s
order by s.cycle
"""
_STATISTICS = (
    "temperature_sipm",
    "temperature_sipm_min",
    "temperature_sipm_max",
    "temperature_preamp",
    "temperature_preamp_max",
    "bias",
    "leakage",
    "leakage_max",
)
_DAY = """
select t.tower_id, t.towerid, t.ieta, t.iphi, t.sector, t.interface_board, t.board_channel,
       coalesce(d.n, 0), d.sipm, d.sipm_min, d.sipm_max, d.preamp, d.preamp_max, d.bias,
       d.leakage, d.leakage_max
from hcal.emcal_tower t left join (
    select tower_id, count(temperature_sipm) as n, avg(temperature_sipm) as sipm,
           min(temperature_sipm) as sipm_min, max(temperature_sipm) as sipm_max,
           avg(temperature_preamp) as preamp, max(temperature_preamp) as preamp_max, avg(bias) as bias,
           avg(leakage) as leakage, max(leakage) as leakage_max
    from hcal.emcal_reading where ts >= %s and ts < %s group by tower_id
) d using (tower_id)
order by t.tower_id
"""
_BOARD_COLUMNS = [
    "ts",
    "sector",
    "interface_board",
    "controller",
    "channel",
    "status",
    "sampled_at",
    "gain",
    "bias",
    "lv_positive",
    "lv_negative",
    "failed_readings",
    "error",
]
_BOARDS = """
select ts, sector, interface_board, controller, channel, status, sampled_at, gain::text, bias, lv_positive,
       lv_negative, failed_readings,
       coalesce((select value ->> 'what' from jsonb_each(error) limit 1), '')
from hcal.emcal_board_reading where ts >= %s and ts < %s
order by ts, sector, interface_board, controller, channel
"""
_SNAPSHOT_COLUMNS = [
    "cycle",
    "sequence",
    "acquisition_id",
    "run_number",
    "boards_ok",
    "boards_partial",
    "boards_down",
    "rows",
]
_SNAPSHOTS = """
select cycle, sequence, acquisition_id, run_number, boards_ok, boards_partial, boards_down, rows
from hcal.source_snapshot where source = %s and cycle >= %s and cycle < %s order by cycle
"""


def cycle_near(
    database: Database, moment: datetime | None = None, *, max_age: timedelta = timedelta(hours=1)
) -> datetime:
    """Return the loaded cycle nearest to `moment`, at most `max_age` away; None: the newest of all.

    Raises
    ------
    NoState
        If there is none.
    """
    if moment is None:
        query = "select max(cycle) from hcal.source_snapshot where source = %s"
        [(cycle,)] = database.rows(query, (EMCAL.name,))
    else:
        [(cycle,)] = database.rows("select hcal.nearest_emcal_cycle(%s, %s)", (require_utc(moment), max_age))
    if cycle is None:
        raise nothing_near("EMCal", moment, max_age)
    return cycle  # type: ignore[no-any-return]


def state_at(
    database: Database, moment: datetime, *, max_age: timedelta = timedelta(hours=1)
) -> pd.DataFrame:
    """Return the state of all 24,576 towers in the snapshot nearest to `moment`.

    Returns
    -------
    pandas.DataFrame
        One row a tower in order of `tower_id`; identity columns and the readings (NaN: not read).
        ``frame.attrs["cycle"]`` is the time of the snapshot (ISO).

    Raises
    ------
    NoState
        If no snapshot lies within `max_age` before or after `moment`.
    """
    cycle = cycle_near(database, moment, max_age=max_age)
    frame = frame_of(database.rows(_STATE, (cycle,)), [*TOWER_COLUMNS, *REALS], reals=REALS)
    frame.attrs["cycle"] = cycle.isoformat()
    return frame


def tower_series(database: Database, tower_id: int, start: datetime, end: datetime) -> pd.DataFrame:
    """Return the readings of one tower, indexed by time (``ts``), one row a loaded snapshot."""
    rows = database.rows(_SERIES, (tower_id, EMCAL.name, require_utc(start), require_utc(end)))
    return frame_of(rows, ["ts", *REALS], reals=REALS).set_index("ts")


def towers_of_day(database: Database, day: str | date) -> pd.DataFrame:
    """Return each tower's day: identity, number of readings (`n`), means and extremes.

    Returns
    -------
    pandas.DataFrame
        24,576 rows in order of `tower_id`; `n` counts SiPM temperatures, towers without any are NaN.
    """
    rows = database.rows(_DAY, bounds(day))
    return frame_of(rows, [*TOWER_COLUMNS, "n", *_STATISTICS], reals=_STATISTICS)


def boards_of_day(database: Database, day: str | date) -> pd.DataFrame:
    """Return the state of every interface board in every snapshot of a UTC day, with what went wrong."""
    voltages = ("bias", "lv_positive", "lv_negative")
    return frame_of(database.rows(_BOARDS, bounds(day)), _BOARD_COLUMNS, reals=voltages)


def snapshots(database: Database, day: str | date) -> pd.DataFrame:
    """Return the loaded snapshots of a UTC day with their counts, in order of time."""
    return frame_of(database.rows(_SNAPSHOTS, (EMCAL.name, *bounds(day))), _SNAPSHOT_COLUMNS)
