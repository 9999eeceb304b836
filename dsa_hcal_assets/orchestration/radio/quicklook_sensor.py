"""Quick looks are asked for when a group becomes whole, at the same moment as its science run.

Other than that run a quick look is worthless later: what became whole while nobody watched, more than
a few groups at once, and runs that died are not asked for again.
"""

import json
import time
from datetime import datetime, timedelta

import dagster as dg

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.orchestration.incoming import LOOK_SECONDS, STAY_SECONDS
from dsa_hcal_assets.orchestration.observed import trace_tags
from dsa_hcal_assets.orchestration.partitions import GROUPS
from dsa_hcal_assets.orchestration.radio.quicklook import quicklook_image
from dsa_hcal_assets.orchestration.stage import InstallationParam

# what became whole this long before the first look is still worth a quick one
FRESH = timedelta(minutes=5)
# of a batch that lands at once only the newest groups get a quick look
MOST_AT_ONCE = 2
# above what has just arrived (10): the queue takes it first
PRIORITY = "20"
_WHOLE_SINCE = """
select group_key, content, completed_at from radio.observation_group
 where completed_at > %s order by completed_at desc, group_key desc
"""

quicklook_job = dg.define_asset_job("radio_quicklook", dg.AssetSelection.assets(quicklook_image))


@dg.sensor(
    name="radio_quicklook_sensor",
    job=quicklook_job,
    description="Asks for a quick look at a group once all its subbands have landed.",
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def radio_quicklook_sensor(
    context: dg.SensorEvaluationContext, installation: InstallationParam
) -> dg.SensorResult | dg.SkipReason:
    """Ask for a quick look at what became whole since the last tick."""
    if installation.settings.radio.quicklook == "off":
        return dg.SkipReason("quick looks are off (DSA_HCAL_RADIO__QUICKLOOK)")
    since = _since(context.cursor)
    deadline = time.monotonic() + STAY_SECONDS
    while not (whole := _whole_since(installation.database, since)) and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
    newest = whole[:MOST_AT_ONCE]
    keys = [key for key, _, _ in newest]
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=f"quicklook:{key}:{content}",
                partition_key=key,
                tags={"dagster/priority": PRIORITY, "dsa_hcal/work": f"whole at {moment:%H:%M:%S} UTC"}
                | trace_tags(installation.settings, "radio_quicklook_sensor", key),
            )
            for key, content, moment in newest
        ],
        dynamic_partitions_requests=[GROUPS.build_add_request(keys)] if keys else None,
        cursor=json.dumps({"since": max([since, *(moment for _, _, moment in newest)]).isoformat()}),
        skip_reason=None if keys else "no group has become whole",
    )


def _since(cursor: str | None) -> datetime:
    return datetime.fromisoformat(json.loads(cursor)["since"]) if cursor else utc_now() - FRESH


def _whole_since(database: Database, since: datetime) -> list[tuple[str, str, datetime]]:
    """Return (key, content, when) of groups that became complete or partial later, newest first."""
    return [(key, content, moment) for key, content, moment in database.rows(_WHOLE_SINCE, (since,))]
