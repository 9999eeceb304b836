"""Supplies as pandas frames: the questions people ask, each one bounded query.

All times are aware UTC; voltages in V, currents in A.
"""

from datetime import date, datetime, timedelta

import pandas as pd

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.hcal.readers import NoState

READING_COLUMNS = ["v_set", "v_meas", "i_limit", "i_meas"]
STATE_COLUMNS = ["crate", "kind", "slot", "channel", "hcal_sector"]

# Cadences differ between crates, and a reading may lack channels: each one's own newest counts.
_STATE = """
select distinct on (r.kind, crate, slot, channel) crate, r.kind::text, slot, channel, hcal_sector,
       v_set, v_meas, i_limit, i_meas, switched_on, status, state, ts
from hcal.supply_reading r where ts > %(oldest)s and ts <= %(moment)s
order by r.kind, crate, slot, channel, ts desc
"""
_DAY = """
select crate, kind::text, slot, channel, max(hcal_sector), count(v_meas), avg(v_set), avg(v_meas),
       min(v_meas), max(v_meas), min(abs(v_meas)), avg(i_limit), avg(i_meas), max(abs(i_meas)),
       count(*) filter (where state = 'On'),
       count(*) filter (where state = 'Tripped'), count(*) filter (where state = 'Current limited'),
       count(*) filter (where state = 'Other'), (array_agg(state order by ts desc))[1]
from hcal.supply_reading where ts >= %(start)s and ts < %(end)s
group by kind, crate, slot, channel order by kind, crate, slot, channel
"""
_CRATES = """
select ts, crate, kind::text, status, sampled_at, main_switch, failed_readings, coalesce(error ->> 'what', '')
from hcal.supply_unit_reading where ts >= %(start)s and ts < %(end)s order by ts, crate
"""


def state_at(
    database: Database, moment: datetime, *, max_age: timedelta = timedelta(minutes=30)
) -> pd.DataFrame:
    """Return the newest reading of every supply channel at `moment`.

    Returns
    -------
    pandas.DataFrame
        One row a channel: `crate`, `kind`, `slot`, `channel`, `hcal_sector`, `v_set`, `v_meas`, `i_limit`,
        `i_meas`, `switched_on`, `status`, `state` and `ts`, when it was read. What was not read, or
        what its kind does not say, is missing.

    Raises
    ------
    NoState
        If no supply was read within `max_age` before `moment`.
    """
    moment = require_utc(moment)
    rows = database.rows(_STATE, {"moment": moment, "oldest": moment - max_age})
    if not rows:
        raise NoState(
            f"no supply was read within {max_age} before {moment.isoformat()}",
            remedy="ask for a time of data taking, or allow a greater age",
        )
    columns = [*STATE_COLUMNS, *READING_COLUMNS, "switched_on", "status", "state", "ts"]
    frame = pd.DataFrame(rows, columns=columns)
    kinds = dict.fromkeys(READING_COLUMNS, "float64") | {"hcal_sector": "Int16", "status": "Int64"}
    return frame.astype(kinds | {"switched_on": "boolean"})


def supplies_of_day(database: Database, day: str | date) -> pd.DataFrame:
    """Return what each supply channel did in a UTC day.

    Returns
    -------
    pandas.DataFrame
        One row a channel that was read: `crate`, `kind`, `slot`, `channel`, `hcal_sector`, `n` (measured
        voltages), means of `v_set`, `v_meas`, `i_limit`, `i_meas`, `v_meas_min`, `v_meas_max`, least voltage
        and highest current whatever their sign (`v_least`, `i_most`), readings `on`, `tripped`,
        `current_limited`, `other`, and the day's last `state`.
    """
    reals = ["v_set", "v_meas", "v_meas_min", "v_meas_max", "v_least", "i_limit", "i_meas", "i_most"]
    columns = [*STATE_COLUMNS, "n", *reals, "on", "tripped", "current_limited", "other", "state"]
    start, end = bounds(day)
    frame = pd.DataFrame(database.rows(_DAY, {"start": start, "end": end}), columns=columns)
    return frame.astype(dict.fromkeys(reals, "float64") | {"hcal_sector": "Int16"})


def crates_of_day(database: Database, day: str | date) -> pd.DataFrame:
    """Return how each crate and meter answered in each cycle of a UTC day, with what went wrong."""
    columns = ["ts", "crate", "kind", "status", "sampled_at", "main_switch", "failed_readings", "error"]
    start, end = bounds(day)
    return pd.DataFrame(database.rows(_CRATES, {"start": start, "end": end}), columns=columns)
