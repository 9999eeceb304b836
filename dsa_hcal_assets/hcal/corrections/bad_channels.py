"""The bad-channel map: which towers must not be trusted, when, and why.

What runs say holds from the run that found it until the next run of its kind that was fit to judge and no
longer does; it is derived anew from all runs, so that runs may come in any order. What temperatures
say holds for their UTC day. Runs that did not pass their checks say nothing about single towers.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import pandas as pd
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.frame_copy import copy_frame
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.settings.corrections import CorrectionSettings

Source = Literal["led", "pedestal"]

_QUANTITIES: dict[Source, tuple[str, str]] = {
    "led": ("led_run_tower", "led_mean"),
    "pedestal": ("pedestal_run_tower", "pedestal_std"),
}
_SEVERITY = {"noisy": 1, "unstable": 1}  # of everything else 2
_FIRST_AND_LAST = ((0, 1535), (1536, 3071), (3072, 27647))  # tower_id of OHCal, IHCal, EMCal
# In order of time; how many towers of each detector a run has.
_RUNS = sql.SQL("""
select run_number, started_at, count(*) filter (where tower_id < 1536),
       count(*) filter (where tower_id between 1536 and 3071), count(*) filter (where tower_id > 3071)
from hcal.analysis_run join {table} using (run_number)
where kind = %s and level in ('pass', 'warn')
group by run_number, started_at order by started_at, run_number
""")
_BAD = sql.SQL("select run_number, tower_id, status, {value} from {table} where status <> 'ok'")
_ABSENT = sql.SQL("""
select generate_series(%s, %s) except select tower_id from {table} where run_number = %s
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
    """Derive what runs of a kind say, from all that passed; return how many entries that is.

    A tower that is not in a run although its detector is, is missing.
    """
    table, value = _QUANTITIES[source]
    names = {"table": sql.Identifier("hcal", table), "value": sql.Identifier(value)}
    with database.transaction() as cursor:
        _take_turn(cursor)
        cursor.execute(_RUNS.format(**names), (source,))
        runs = cursor.fetchall()
        cursor.execute(_BAD.format(**names))
        found = {(run, tower): (status, value) for run, tower, status, value in cursor.fetchall()}
        spans: list[tuple[int, str, str, int, float | None]] = []
        for detector, (first, last) in enumerate(_FIRST_AND_LAST):
            sequence = [(run, at) for run, at, *counts in runs if counts[detector]]
            incomplete = [run for run, _, *counts in runs if 0 < counts[detector] <= last - first]
            for run in incomplete:
                cursor.execute(_ABSENT.format(**names), (first, last, run))
                found |= {(run, tower): ("missing", None) for (tower,) in cursor.fetchall()}
            here = {key: seen for key, seen in found.items() if first <= key[1] <= last}
            spans += _spans(sequence, here)
        frame = pd.DataFrame(spans, columns=["tower_id", "validity", "reason", "severity", "value"])
        cursor.execute("delete from hcal.bad_channel where source = %s", (source,))
        copy_frame(cursor, "hcal", "bad_channel", frame.assign(source=source))
    return len(spans)


def _spans(
    sequence: Sequence[tuple[int, datetime]], found: Mapping[tuple[int, int], tuple[str, float | None]]
) -> Iterator[tuple[int, str, str, int, float | None]]:
    """Yield tower, validity, reason, severity and first value of each time a tower is bad without a break.

    Parameters
    ----------
    sequence
        Run numbers and times of all runs that judge these towers, in order of time.
    found
        What was wrong, by run and tower; whatever is not there was good.
    """
    place = {run: number for number, (run, _) in enumerate(sequence)}
    ends = [*(at for _, at in sequence[1:]), None]
    by_tower: dict[int, list[tuple[int, str, float | None]]] = defaultdict(list)
    for (run, tower), (status, value) in found.items():
        if run in place:
            by_tower[tower].append((place[run], status, value))
    for tower, seen in sorted(by_tower.items()):
        number = 0
        seen.sort()
        while number < len(seen):
            begin, status, value = seen[number]
            end = begin
            while number + 1 < len(seen) and seen[number + 1][:2] == (end + 1, status):
                number, end = number + 1, end + 1
            number += 1
            since, until = sequence[begin][1], ends[end]
            if since != until:  # two runs at one time contradict each other: neither counts
                validity = f"[{since.isoformat()},{until.isoformat() if until else ''})"
                yield tower, validity, status, _SEVERITY.get(status, 2), value


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
