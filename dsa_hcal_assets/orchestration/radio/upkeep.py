"""House-keeping of radio groups by the clock: keys beyond the live window leave it."""

import dagster as dg

from dsa_hcal_assets.orchestration.failures import RETRIES, typed_failures
from dsa_hcal_assets.orchestration.stage import InstallationParam


@dg.op(description="Take group keys beyond the live window out of the partition set.", retry_policy=RETRIES)
def retire_keys(context: dg.OpExecutionContext, installation: InstallationParam) -> None:
    """Retire what is beyond the window's days or number, except where something is pending or running."""
    from dsa_hcal_assets.clock import utc_now
    from dsa_hcal_assets.orchestration import dynamic_keys
    from dsa_hcal_assets.orchestration.partitions import GROUP_SET
    from dsa_hcal_assets.orchestration.radio import live_window
    from dsa_hcal_assets.radio.retired_keys import note_restored

    chosen, now = installation.settings.radio, utc_now()
    with typed_failures():
        keys = dynamic_keys.ages(context.instance, GROUP_SET)
        note_restored(installation.database, list(keys), now)
        due = live_window.beyond(keys, days=chosen.live_days, most=chosen.most_live_keys, now=now)
        left = live_window.retire(context.instance, installation.database, due, now) if due else []
    context.log.info(
        "%d keys live; %d beyond the window, %d of them retired", len(keys) - len(left), len(due), len(left)
    )


@dg.job(description="Retire group keys beyond the live window.", executor_def=dg.in_process_executor)
def live_window_job() -> None:
    """Retire group keys beyond the live window."""
    retire_keys()


live_window_schedule = dg.ScheduleDefinition(
    name="live_window_schedule",
    job=live_window_job,
    cron_schedule="40 4 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
