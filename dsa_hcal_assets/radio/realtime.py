"""Whether groups are processed as quickly as the sky delivers them."""

from dataclasses import dataclass
from datetime import datetime

from dsa_hcal_assets.database.connection import Database

# A group's time on the sky: from the first to the last integration, and one integration more. Subbands of
# one group differ in frequency only, so any one tells.
_NEWEST = """
with reported as (
    select partition, run_id, ended_at as reported_at from platform.stage_time
     where stage = 'radio_qa_report' and outcome = 'done' and ended_at > now() - interval '1 day'
     order by ended_at desc limit %s
), spent as (
    select partition, extract(epoch from max(reported_at) - min(started_at))::float8 as processing,
           (select (last_mjd - first_mjd) * 86400 * integrations / (integrations - 1) from radio.subband
             where group_key = partition and integrations > 1 limit 1) as sky
      from reported join platform.stage_time using (partition, run_id)
     group by partition
)
select count(*), percentile_cont(0.5) within group (order by processing),
       percentile_cont(0.5) within group (order by sky)
  from spent where sky is not null
"""
# The run that made a report may have been one of several: only the first completion counts as latency.
_COMPLETED = """
select t.stage_time_id, g.completed_at
  from platform.stage_time t join radio.observation_group g on g.group_key = t.partition
 where t.stage_time_id = any(%s) and t.outcome = 'done' and g.completed_at <= t.ended_at
   and not exists (
       select from platform.stage_time earlier
        where earlier.partition = t.partition and earlier.stage = t.stage and earlier.outcome = 'done'
          and earlier.ended_at >= g.completed_at and earlier.ended_at < t.ended_at)
"""
GROUPS = 12
"""Newest groups the margin is taken over: an hour of the telescope."""


@dataclass(frozen=True)
class RealTime:
    """Medians over the newest `groups` that got a report, s."""

    groups: int
    processing_seconds: float
    sky_seconds: float

    @property
    def margin_seconds(self) -> float:
        """What is left of a group's time on the sky when it has been processed; below 0 groups pile up.

        Runs that share the machine take longer, so that with several at a time this errs on the safe side.
        """
        return self.sky_seconds - self.processing_seconds


def real_time(database: Database, groups: int = GROUPS) -> RealTime | None:
    """Return the medians of the last day; None when no group got a report.

    Raises
    ------
    DatabaseUnavailable
        If the database does not answer.
    """
    ((count, processing, sky),) = database.rows(_NEWEST, (groups,))
    return RealTime(count, processing, sky) if count else None


def first_completions(database: Database, stage_time_ids: list[int]) -> dict[int, datetime]:
    """Return when the groups of rows of ``platform.stage_time`` had been completed.

    Only for rows that were the first of their stage after that: what was repeated by hand says nothing of
    how long a group waits.

    Raises
    ------
    DatabaseUnavailable
        If the database does not answer.
    """
    return dict(database.rows(_COMPLETED, (stage_time_ids,)))
