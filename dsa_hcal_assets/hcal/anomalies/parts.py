"""Anomalies from their parts: what lies in each day is replaced whole, then put together anew.

Belongs here: the statements. A part is open at the end of its day when no normal sample followed;
the next day on which its place was measured either goes on with it or closes it with a part of no
samples. Everything happens in the caller's transaction, one at a time (`take_turn`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import Json, execute_values

from dsa_hcal_assets.hcal.anomalies.places import Place

Key = tuple[str, str, str]
"""Kind, quantity and name of the place: what makes parts of several days one anomaly."""

_OPEN_BEFORE = """
select a.kind, a.quantity, a.place
from (
    select distinct kind, quantity, place from hcal.anomaly
    where started_at < %(start)s and (ended_at is null or ended_at >= %(start)s)
) a
cross join lateral (
    select p.ended_at from hcal.anomaly_part p
    where (p.kind, p.quantity, p.place) = (a.kind, a.quantity, a.place) and p.day < %(day)s
    order by p.started_at desc limit 1
) newest
where newest.ended_at is null
"""
_IN_FORCE = """
select kind, quantity, place from hcal.anomaly
where started_at < %(moment)s and (ended_at is null or ended_at >= %(moment)s)
"""
_INSERT = """
insert into hcal.anomaly_part (day, kind, quantity, place, started_at, last_seen_at, ended_at, detector,
                               half_sector, tower_id, board, severity, value, limit_value, samples, detail)
values %s
"""
# Islands of parts: one begins where the part before had ended, and that longer ago than the pause.
# A part without samples only closes an open one; "error" sorts before "warning".
_PUT_TOGETHER = """
with changed as (
    select * from unnest(%(kinds)s, %(quantities)s, %(places)s) as one (kind, quantity, place)
), part as (
    select p.*, lag(ended_at) over key as ended_before, row_number() over key as number
    from hcal.anomaly_part p join changed using (kind, quantity, place)
    window key as (partition by kind, quantity, place order by started_at)
), numbered as (
    select *, count(*) filter (where number = 1 or started_at - ended_before > %(quiet)s)
              over (partition by kind, quantity, place order by started_at) as island
    from part where samples > 0 or (number > 1 and ended_before is null)
), whole as (
    select kind, quantity, place, island, min(started_at) as started_at, max(last_seen_at) as last_seen_at,
           (array_agg(ended_at order by started_at desc))[1] as ended_at, sum(samples)::integer as samples,
           min(day) as day
    from numbered group by kind, quantity, place, island
), worst as (
    select distinct on (kind, quantity, place, island)
           kind, quantity, place, island, detector, half_sector, tower_id, board, severity, value,
           limit_value, detail
    from numbered where samples > 0
    order by kind, quantity, place, island, severity, abs(value - limit_value) desc nulls last
), gone as (
    delete from hcal.anomaly a using changed c
    where (a.kind, a.quantity, a.place) = (c.kind, c.quantity, c.place) and not exists (
        select from whole w
        where (w.kind, w.quantity, w.place, w.started_at) = (a.kind, a.quantity, a.place, a.started_at)
    )
)
insert into hcal.anomaly (kind, quantity, place, detector, half_sector, tower_id, board, started_at,
                          last_seen_at, ended_at, severity, value, limit_value, samples, detail, day)
select kind, quantity, place, detector, half_sector, tower_id, board, started_at, last_seen_at, ended_at,
       severity, value, limit_value, samples, detail, day
from whole join worst using (kind, quantity, place, island)
on conflict (kind, quantity, place, started_at) do update set
    last_seen_at = excluded.last_seen_at, ended_at = excluded.ended_at, severity = excluded.severity,
    value = excluded.value, limit_value = excluded.limit_value, samples = excluded.samples,
    detail = excluded.detail, day = excluded.day
"""


@dataclass(frozen=True)
class Part:
    """What of an anomaly lies in one UTC day; columns as in `hcal.anomaly_part`."""

    kind: str
    quantity: str
    place: Place
    started_at: datetime
    last_seen_at: datetime | None = None
    ended_at: datetime | None = None
    severity: str | None = None
    value: float | None = None
    limit_value: float | None = None
    samples: int = 0
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """What makes it one anomaly with parts of other days."""
        return self.kind, self.quantity, self.place.name


def take_turn(cursor: Cursor) -> None:
    """Be the only one that changes anomalies until the transaction ends."""
    cursor.execute("select pg_advisory_xact_lock(hashtext('hcal.anomaly'))")


def open_before(cursor: Cursor, day: date, start: datetime) -> set[Key]:
    """Return the keys whose newest part of an earlier day is open; `start`: of the day."""
    cursor.execute(_OPEN_BEFORE, {"day": day, "start": start})
    return set(cursor.fetchall())


def in_force(cursor: Cursor, moment: datetime) -> set[Key]:
    """Return the keys of anomalies that had begun by `moment` and were not over."""
    cursor.execute(_IN_FORCE, {"moment": moment})
    return set(cursor.fetchall())


def replace(cursor: Cursor, day: date, parts: Sequence[Part], quiet: timedelta) -> None:
    """Replace the parts of a day, and put all anomalies they belong or belonged to together again."""
    cursor.execute("delete from hcal.anomaly_part where day = %s returning kind, quantity, place", (day,))
    changed = set(cursor.fetchall()) | {part.key for part in parts}
    execute_values(cursor, _INSERT, [_row(day, part) for part in parts], page_size=1000)
    if changed:
        kinds, quantities, places = (list(column) for column in zip(*sorted(changed), strict=True))
        cursor.execute(
            _PUT_TOGETHER, {"kinds": kinds, "quantities": quantities, "places": places, "quiet": quiet}
        )


def _row(day: date, part: Part) -> tuple[Any, ...]:
    place = part.place
    return (
        day,
        *part.key,
        part.started_at,
        part.last_seen_at,
        part.ended_at,
        place.detector,
        place.half_sector,
        place.tower_id,
        place.board,
        part.severity,
        part.value,
        part.limit_value,
        part.samples,
        Json(part.detail),
    )
