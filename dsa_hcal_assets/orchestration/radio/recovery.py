"""Every ten minutes: groups that stay where they are without anybody at work on them move on.

Run monitoring and run retries see to dead workers within seconds, and the sensor gives up groups that
collect for too long. Here is what these leave: runs they missed, groups while the sensor is switched
off, and groups that were taken up and whose runs Dagster knows nothing of any more.
"""

from datetime import timedelta

import dagster as dg

from dsa_hcal_assets.orchestration.lost import PARTITION_TAG
from dsa_hcal_assets.orchestration.orphans import end_orphaned_runs
from dsa_hcal_assets.orchestration.partitions import GROUP_SET
from dsa_hcal_assets.orchestration.radio.quicklook_sensor import quicklook_job
from dsa_hcal_assets.orchestration.radio.sensor import radio_job, radio_sensor
from dsa_hcal_assets.orchestration.stage import InstallationParam

MOST_AT_ONCE = 50

# Taken up: the first product exists. Whoever works on a group publishes now and then.
_STALLED = """
select g.group_key, max(p.created_at)::text
  from radio.group_state g
  join platform.product p on p.partition = g.group_key
 where g.state = 'in progress'
 group by g.group_key
having max(p.created_at) < %s
 order by g.group_key limit %s
"""


@dg.schedule(
    name="radio_recovery",
    job_name=radio_job.name,
    cron_schedule="*/10 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Moves on what nobody works on: overdue groups, dead runs, groups whose run is gone.",
)
def radio_recovery(
    context: dg.ScheduleEvaluationContext, installation: InstallationParam
) -> list[dg.RunRequest] | dg.SkipReason:
    """Give up overdue groups, end dead runs, and ask again for groups whose run is gone."""
    from dsa_hcal_assets.clock import utc_now
    from dsa_hcal_assets.orchestration.radio.alerts import tell_stale
    from dsa_hcal_assets.radio.ingest.completeness import decide_overdue

    now = utc_now()
    stalled_since = now - timedelta(hours=installation.settings.radio.stalled_hours)
    decided = decide_overdue(installation.database, installation.settings.radio, now)
    tell_stale(installation, [group for group in decided if group.state == "failed"])
    ended = end_orphaned_runs(
        context.instance, "Ended, it has no worker any more", silent_since=stalled_since
    )
    requests = [
        _request(key, version)
        for key, version in installation.database.rows(_STALLED, (stalled_since, MOST_AT_ONCE))
        if _abandoned(context.instance, key)
    ]
    return requests or dg.SkipReason(
        f"{len(decided)} groups overdue, {ended} dead runs, no group without its run"
    )


def _abandoned(instance: dg.DagsterInstance, key: str) -> bool:
    """Tell whether no run of a live key is known: one that failed was told, and is its operator's.

    Quick looks go on by the side and take nobody's place.
    """
    if not instance.has_dynamic_partition(GROUP_SET, key):
        return False
    runs = instance.get_runs(dg.RunsFilter(tags={"dagster/partition": key}))
    return all(run.job_name == quicklook_job.name for run in runs)


def _request(key: str, version: str) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"radio_recovery:{key}:{version}",
        partition_key=key,
        tags={
            PARTITION_TAG: f"{radio_sensor.name}:{key}",
            "dsa_hcal/work": "taken up, but no run of it is known",
        },
    )
