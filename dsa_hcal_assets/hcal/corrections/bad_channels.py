"""The bad-channel map: which towers must not be trusted, when, and why.

What runs say holds from the run that found it until the next run of its kind that was fit to judge and no
longer does; it is derived anew from all runs, so that runs may come in any order. What temperatures
say holds for their UTC day. Runs that did not pass their checks say nothing about single towers.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import pandas as pd
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.settings.corrections import CorrectionSettings

Source = Literal["led", "pedestal"]

_QUANTITIES: dict[Source, tuple[str, str]] = {
    "led": ("led_run_tower", "led_mean"),
    "pedestal": ("pedestal_run_tower", "pedestal_std"),
}
# Towers of a run's detectors that are not in it are missing. Only changes of a tower's status are
# kept; a status holds until the next change.
_FROM_RUNS = sql.SQL("""
insert into hcal.bad_channel (tower_id, validity, reason, severity, source, value)
with runs as (
    select run_number, started_at as at,
           exists (select from {table} t
                   where t.run_number = r.run_number and t.tower_id < 1536) as outer_hcal,
           exists (select from {table} t
                   where t.run_number = r.run_number and t.tower_id between 1536 and 3071) as inner_hcal,
           exists (select from {table} t
                   where t.run_number = r.run_number and t.tower_id > 3071) as emcal
    from hcal.analysis_run r where kind = {source} and level in ('pass', 'warn')
), expected as (
    select runs.run_number, runs.at, tower_id::smallint as tower_id
    from runs cross join generate_series(0, 27647) as tower_id
    where case when tower_id < 1536 then outer_hcal when tower_id < 3072 then inner_hcal else emcal end
), seen as (
    select e.tower_id, e.at, e.run_number, coalesce(t.status, 'missing') as status, t.{value} as value
    from expected e left join {table} t using (run_number, tower_id)
), changes as (
    select * from (
        select *, lag(status) over (partition by tower_id order by at, run_number) as before from seen
    ) s where status is distinct from before
), spans as (
    select *, lead(at) over (partition by tower_id order by at, run_number) as until from changes
)
select tower_id, tstzrange(at, until), status, case when status in ('noisy', 'unstable') then 1 else 2 end,
       {source}, value
from spans where status <> 'ok' and at is distinct from until
""")
_FROM_TEMPERATURES = """
insert into hcal.bad_channel (tower_id, validity, reason, severity, source, value, "limit")
with day as (
    select tower_id, count(temperature) as n, avg(temperature) as mean,
           max(temperature) - min(temperature) as span
    from hcal.tower_reading where ts >= %(start)s and ts < %(end)s group by tower_id
), half_sector as (
    select w.half_sector, percentile_cont(0.5) within group (order by d.span) as span
    from hcal.tower w join day d using (tower_id) group by w.half_sector
), judged as (
    select w.tower_id, coalesce(d.n, 0) as n, d.mean, d.span, h.span as usual
    from hcal.tower w left join day d using (tower_id) left join half_sector h using (half_sector)
    where exists (select from day)
)
select tower_id, tstzrange(%(start)s, %(end)s), reason, severity, 'temperature', value, "limit"
from judged cross join lateral (values
    (n = 0, 'missing', 2, null::real, null::real),
    (mean > %(warm)s, 'hot', case when mean > %(hot)s then 2 else 1 end, mean,
     case when mean > %(hot)s then %(hot)s else %(warm)s end),
    (n >= %(readings)s and span = 0 and usual > 0, 'stuck', 1, mean, null)
) as one (bad, reason, severity, value, "limit")
where bad
"""
_AT = "select tower_id, severity, reasons from hcal.bad_channels_at(%s) order by tower_id"
_DURING = """
select tower_id, lower(validity), upper(validity), reason, severity, source, value, "limit"
from hcal.bad_channel where validity && tstzrange(%s, %s) order by tower_id, source, reason
"""


@dataclass(frozen=True)
class BadChannel:
    """A tower that is bad at a time; severity 1: usable with care, 2: not usable."""

    tower_id: int
    severity: int
    reasons: tuple[str, ...]


def update_from_runs(database: Database, source: Source) -> int:
    """Derive what runs of a kind say, from all that passed; return how many entries that is."""
    table, value = _QUANTITIES[source]
    statement = _FROM_RUNS.format(
        table=sql.Identifier("hcal", table), value=sql.Identifier(value), source=sql.Literal(source)
    )
    with database.transaction() as cursor:
        _take_turn(cursor)
        cursor.execute("delete from hcal.bad_channel where source = %s", (source,))
        cursor.execute(statement)
        return int(cursor.rowcount)


def update_from_temperatures(database: Database, day: str | date, settings: CorrectionSettings) -> int:
    """Derive what the temperatures of a UTC day say; return how many entries that is.

    A day without any reading says nothing. A reading is stuck when it is the same all day while
    those of its half-sector move.
    """
    start, end = bounds(day)
    limits = {"warm": settings.warm, "hot": settings.hot, "readings": settings.stuck_readings}
    with database.transaction() as cursor:
        _take_turn(cursor)
        cursor.execute(
            "delete from hcal.bad_channel where source = 'temperature' and validity = tstzrange(%s, %s)",
            (start, end),
        )
        cursor.execute(_FROM_TEMPERATURES, {"start": start, "end": end, **limits})
        return int(cursor.rowcount)


def bad_channels_at(database: Database, moment: datetime) -> list[BadChannel]:
    """Return the towers that are bad at a time, in order of `tower_id`."""
    rows = database.rows(_AT, (require_utc(moment),))
    return [BadChannel(tower_id, severity, tuple(reasons)) for tower_id, severity, reasons in rows]


def bad_channels_during(database: Database, day: str | date) -> pd.DataFrame:
    """Return the entries that hold at some time of a UTC day: tower_id, begin, end, reason and so on."""
    columns = ["tower_id", "since", "until", "reason", "severity", "source", "value", "limit"]
    return pd.DataFrame(database.rows(_DURING, bounds(day)), columns=columns)


def _take_turn(cursor: Cursor) -> None:
    cursor.execute("select pg_advisory_xact_lock(hashtext('hcal.bad_channel'))")
