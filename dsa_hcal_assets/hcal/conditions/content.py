"""What a payload says: each tower's state over an interval of validity, and where a day is cut.

Belongs here: the statements that summarise readings, corrections and bad channels. Not here: the state at
one moment (state.py, by the function of the database) and files (files.py).
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pandas as pd
from psycopg2 import sql

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter
from dsa_hcal_assets.hcal.conditions.files import COLUMNS
from dsa_hcal_assets.hcal.conditions.intervals import Interval, intervals_of_validity
from dsa_hcal_assets.hcal.days import bounds

_HCAL_CYCLES = "select cycle from hcal.snapshot where cycle >= %s and cycle < %s order by cycle"
_EMCAL_CYCLES = """
select cycle from hcal.source_snapshot where source = 'emcal' and cycle >= %s and cycle < %s order by cycle
"""
_CORRECTION_SET = """
select correction_set from hcal.correction_set
where day = %s and verdict in ('pass', 'warn') order by correction_set desc limit 1
"""
_CUTS = """
with intended as (
    select validity from hcal.gain_correction
    where correction_set = %(correction_set)s and tower_id >= %(first)s and tower_id < %(end)s
    union
    select validity from hcal.set_point
    where tower_id >= %(first)s and tower_id < %(end)s and validity && tstzrange(%(start)s, %(until)s)
)
select lower(validity) from intended where not lower_inf(validity)
union select upper(validity) from intended where not upper_inf(validity)
"""
_HCAL_READINGS = sql.SQL("""
    select s.*, null::real as temperature_preamp, l.bias_offset,
           case l.gain when 'normal' then 0 when 'high' then 1 else -1 end as gain_mode
    from (
        select tower_id, count(temperature) as readings, avg(temperature)::real as temperature,
               stddev_samp(temperature)::real as temperature_spread, avg(leakage)::real as leakage,
               avg(bias)::real as bias, max(ts) filter (where gain is not null) as last_read
        from hcal.tower_reading
        where ts = any(%(cycles)s) and tower_id >= %(first)s and tower_id < %(end)s group by tower_id
    ) s
    -- set by intention, so the last that was read stands for the interval
    left join hcal.tower_reading l on l.ts = s.last_read and l.tower_id = s.tower_id
""")
_EMCAL_READINGS = sql.SQL("""
    select tower_id, count(temperature_sipm) as readings, avg(temperature_sipm)::real as temperature,
           stddev_samp(temperature_sipm)::real as temperature_spread,
           avg(temperature_preamp)::real as temperature_preamp, avg(leakage)::real as leakage,
           avg(bias)::real as bias, null::real as bias_offset, -1 as gain_mode
    from hcal.emcal_reading where ts = any(%(cycles)s) group by tower_id
""")
_CONTENT = sql.SQL("""
with reading as ({readings}), correction as (
    select tower_id, gain, gain_error from hcal.gain_correction
    where correction_set = %(correction_set)s and validity @> %(start)s and gain is not null
), bad as (
    select tower_id, max(severity)::integer as severity from hcal.bad_channel
    where validity && tstzrange(%(start)s, %(until)s) group by tower_id
)
select t.packed_key as tower_key, t.tower_id, t.towerid, t.ieta, t.iphi, coalesce(r.readings, 0) as readings,
       r.temperature, r.temperature_spread, r.temperature_preamp, r.leakage, r.bias, r.bias_offset,
       coalesce(r.gain_mode, -1) as gain_mode, coalesce(g.gain, 1) as gain, g.gain_error,
       coalesce(b.severity, 0) as bad_severity,
       hcal.state_status(r.temperature, r.bias, g.gain is not null, b.severity) as status
from {towers} t
left join reading r using (tower_id)
left join correction g using (tower_id)
left join bad b using (tower_id)
where t.tower_id >= %(first)s and t.tower_id < %(end)s
order by t.tower_id
""")
_HCAL_CONTENT = _CONTENT.format(readings=_HCAL_READINGS, towers=sql.Identifier("hcal", "tower"))
_EMCAL_CONTENT = _CONTENT.format(readings=_EMCAL_READINGS, towers=sql.Identifier("hcal", "emcal_tower"))


def cycles_of(database: Database, calorimeter: Calorimeter, day: str | date) -> list[datetime]:
    """Return the times of a UTC day at which a detector was read, in order."""
    statement = _EMCAL_CYCLES if calorimeter is Calorimeter.EMCAL else _HCAL_CYCLES
    return [cycle for (cycle,) in database.rows(statement, bounds(day))]


def correction_set_of(database: Database, day: str | date) -> int | None:
    """Return the newest set of gain corrections of a UTC day that passed its checks."""
    found = database.rows(_CORRECTION_SET, (day,))
    return int(found[0][0]) if found else None


def intervals_of_day(
    database: Database,
    calorimeter: Calorimeter,
    day: str | date,
    *,
    max_age: timedelta,
    correction_set: int | None,
) -> list[Interval]:
    """Return the intervals of validity of a UTC day.

    They cover what readings of the day vouch for (at most `max_age` away), cut where a gain correction
    begins or ends and where something was set on purpose.
    """
    whole = Interval(*bounds(day))
    parameters = _towers(calorimeter) | _during(whole) | {"correction_set": correction_set}
    cuts = [cut for (cut,) in database.rows(_CUTS, parameters)]
    return intervals_of_validity(cycles_of(database, calorimeter, day), whole, max_age=max_age, cuts=cuts)


def content(
    database: Database,
    calorimeter: Calorimeter,
    validity: Interval,
    cycles: Sequence[datetime],
    correction_set: int | None,
) -> pd.DataFrame:
    """Return the rows of a payload: every tower of a detector in order of `tower_id`, as `files.COLUMNS`.

    Parameters
    ----------
    cycles
        Readings of the day, not none. Those within `validity` count; if there are none, the nearest.
    correction_set
        Corrections to apply; None: gain is 1, and the status says that it is not corrected.
    """
    statement = _EMCAL_CONTENT if calorimeter is Calorimeter.EMCAL else _HCAL_CONTENT
    chosen = [cycle for cycle in cycles if cycle in validity] or [
        min(cycles, key=lambda cycle: max(validity.start - cycle, cycle - validity.end))
    ]
    parameters = _towers(calorimeter) | _during(validity)
    with database.transaction() as cursor:
        cursor.execute(statement, parameters | {"correction_set": correction_set, "cycles": chosen})
        rows = cursor.fetchall()
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _towers(calorimeter: Calorimeter) -> dict[str, object]:
    first = calorimeter.first_tower_id
    return {"first": first, "end": first + calorimeter.towers}


def _during(validity: Interval) -> dict[str, object]:
    return {"start": validity.start, "until": validity.end}
