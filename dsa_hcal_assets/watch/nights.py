"""The summary of a night of observing: how many groups became what, how good, how fast.

A night goes from noon to noon in the zone of a setting and is named by the day it begins on. It is summed up
once, some time after its last file, and again when more of it arrives later.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dsa_hcal_assets.alerts import Alert, Severity
from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database

CATEGORY = "summary"
LOOK_BACK = timedelta(days=14)  # older arrivals have been summed up, unless the platform was away for longer

_COLUMNS = """
starts_at, ends_at, collecting, pending, in_progress, completed, failed,
verdicts_pass, verdicts_warn, verdicts_fail, images, flux_ratio, wall_median_seconds, wall_longest_seconds
"""
_GROUPS = """
select count(*) filter (where state = 'collecting'), count(*) filter (where state = 'pending'),
       count(*) filter (where state = 'in progress'), count(*) filter (where state = 'completed'),
       count(*) filter (where state = 'failed')
  from radio.group_state where first_sample >= %(start)s and first_sample < %(end)s
"""
_VERDICTS = """
select count(*) filter (where level = 'pass'), count(*) filter (where level = 'warn'),
       count(*) filter (where level = 'fail'),
       count(value) filter (where stage = 'continuum_image' and metric = 'flux_ratio'),
       percentile_cont(0.5) within group (order by value)
           filter (where stage = 'continuum_image' and metric = 'flux_ratio')
  from radio.observation_group g
  join platform.current_product made on made.partition = g.group_key
 cross join lateral (
       select distinct on (stage, metric) stage, metric, lower(level) as level, nullif(value, 'NaN') as value
         from platform.verdict where product_id = made.product_id
        order by stage, metric, verdict_id desc) verdict
 where g.first_sample >= %(start)s and g.first_sample < %(end)s
"""
_WALL = """
select percentile_cont(0.5) within group (order by seconds), max(seconds)
  from (select extract(epoch from min(p.created_at) - g.completed_at)::float8 as seconds
          from radio.observation_group g
          join platform.product p on p.kind = 'radio_qa_report' and p.partition = g.group_key
               and p.created_at >= g.completed_at
         where g.first_sample >= %(start)s and g.first_sample < %(end)s
         group by g.group_key) walls
"""
_DUE = """
select seen.night, seen.last_file
  from (select (timezone(%(zone)s, first_sample) - interval '12 hours')::date as night,
               max(last_seen) as last_file
          from radio.observation_group where last_seen > %(oldest)s group by 1) seen
  left join radio.night_summary s using (night)
 where (s.closed_at is null or s.closed_at < seen.last_file) and seen.last_file <= %(settled)s
 order by seen.night
"""


@dataclass(frozen=True)
class NightSummary:
    """A night in numbers.

    Parameters
    ----------
    night
        Day on whose noon it begins.
    starts_at, ends_at
        Noon and noon, half-open.
    collecting, pending, in_progress, completed, failed
        Groups in each state, as of ``radio.group_state``.
    verdicts_pass, verdicts_warn, verdicts_fail
        Verdicts that count on the groups' current products.
    images, flux_ratio
        Images compared with a catalogue; the median over them of measured over catalogued flux density.
    wall_median_seconds, wall_longest_seconds
        From a group's last subband to its first report; None without completed groups.
    """

    night: date
    starts_at: datetime
    ends_at: datetime
    collecting: int
    pending: int
    in_progress: int
    completed: int
    failed: int
    verdicts_pass: int
    verdicts_warn: int
    verdicts_fail: int
    images: int
    flux_ratio: float | None
    wall_median_seconds: float | None
    wall_longest_seconds: float | None

    @property
    def groups(self) -> int:
        """All groups of the night."""
        return self.collecting + self.pending + self.in_progress + self.completed + self.failed

    @property
    def at_work(self) -> bool:
        """Whether groups are still to be processed."""
        return self.pending + self.in_progress > 0

    def told(self) -> Alert:
        """Return the alert that tells the summary; information, nobody's trouble."""
        states = {
            "completed": self.completed,
            "failed": self.failed,
            "in progress": self.in_progress,
            "pending": self.pending,
            "collecting": self.collecting,
        }
        lines = [
            f"groups: {', '.join(f'{count} {state}' for state, count in states.items() if count)}",
            f"verdicts: {self.verdicts_pass} pass, {self.verdicts_warn} warn, {self.verdicts_fail} fail",
            "flux ratio: "
            + (
                "no image was compared"
                if self.flux_ratio is None
                else f"{self.flux_ratio:.3f} ({self.images} images)"
            ),
        ]
        middle, longest = self.wall_median_seconds, self.wall_longest_seconds
        if middle is not None and longest is not None:
            lines.append(f"from last subband to report: {middle:.0f} s, at most {longest:.0f} s")
        return Alert(
            Severity.INFO,
            category=CATEGORY,
            title=f"night of {self.night}: {self.completed} of {self.groups} groups completed",
            message="\n".join(lines),
            source="radio",
            partition=self.night.isoformat(),
            details={"groups": states, "flux_ratio": self.flux_ratio, "images": self.images},
            dedup_key=f"night:{self.night}",
        )


def bounds(night: date, zone: str) -> tuple[datetime, datetime]:
    """Return noon and noon of a night, UTC; 23 or 25 hours apart where clocks are changed."""
    noons = (datetime.combine(day, time(12), ZoneInfo(zone)) for day in (night, night + timedelta(days=1)))
    start, end = (require_utc(noon) for noon in noons)
    return start, end


def measured(database: Database, night: date, zone: str) -> NightSummary:
    """Return a night as it stands now, over or not."""
    start, end = bounds(night, zone)
    window = {"start": start, "end": end}
    with database.transaction() as cursor:
        cursor.execute("set transaction isolation level repeatable read read only")
        numbers: list[Any] = []
        for question in (_GROUPS, _VERDICTS, _WALL):
            cursor.execute(question, window)
            numbers += cursor.fetchall()[0]
    return NightSummary(night, start, end, *numbers)


def summary(database: Database, night: date) -> NightSummary | None:
    """Return the stored summary of a night; None while it has none."""
    rows = database.rows(f"select {_COLUMNS} from radio.night_summary where night = %s", (night,))  # noqa: S608
    return NightSummary(night, *rows[0]) if rows else None


def close_due(
    database: Database, zone: str, now: datetime, *, settle: timedelta, wait: timedelta
) -> Iterator[tuple[NightSummary, bool]]:
    """Sum up the nights that are over; yield each with whether it is the first time.

    Parameters
    ----------
    settle
        A night is left alone for so long after its end and its last file.
    wait
        And for so much longer while groups of it are still being processed.
    """
    now = require_utc(now)
    window = {"zone": zone, "oldest": now - LOOK_BACK, "settled": now - settle}
    for night, last_file in database.rows(_DUE, window):
        quiet_since = max(bounds(night, zone)[1], last_file) + settle
        if now < quiet_since:
            continue
        found = measured(database, night, zone)
        if not found.at_work or now >= quiet_since + wait:
            yield found, _store(database, found, now)


def _store(database: Database, found: NightSummary, now: datetime) -> bool:
    columns = [name.strip() for name in _COLUMNS.split(",")]
    values = {name: getattr(found, name) for name in columns}
    with database.transaction() as cursor:
        cursor.execute("delete from radio.night_summary where night = %s", (found.night,))
        first = cursor.rowcount == 0
        cursor.execute(
            f"insert into radio.night_summary (night, closed_at, {_COLUMNS}) "  # noqa: S608 - our own names
            f"values (%(night)s, %(now)s, {', '.join(f'%({name})s' for name in columns)})",
            {"night": found.night, "now": now, **values},
        )
    return first
