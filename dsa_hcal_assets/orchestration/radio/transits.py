"""The plan of coming transits, made anew every day for every telescope that drifts."""

import dagster as dg

from dsa_hcal_assets.orchestration.failures import RETRIES, typed_failures
from dsa_hcal_assets.orchestration.stage import InstallationParam

# two plans overlap, so that a day without one still has its transits
AHEAD_HOURS = 48.0


@dg.op(description="Plan the transits of calibrators of the next two days.", retry_policy=RETRIES)
def plan_transits(context: dg.OpExecutionContext, installation: InstallationParam) -> None:
    """Fill `radio.planned_transit` for each profile whose pointing is known."""
    from dsa_hcal_assets.clock import utc_now
    from dsa_hcal_assets.orchestration.radio.calibrators import matcher_of
    from dsa_hcal_assets.radio.catalogues import schedule
    from dsa_hcal_assets.radio.profiles.loading import load_profiles

    settings, now = installation.settings.radio, utc_now()
    with typed_failures():
        for profile in load_profiles(settings.profiles_dir).values():
            matcher = matcher_of(installation, profile)
            pointing = settings.pointing_dec_deg
            if pointing is None:
                pointing = schedule.newest_declination(installation.database, profile.name)
            if matcher is None or pointing is None:
                context.log.info("no transits of %s: not a drift scan, or no group yet", profile.name)
                continue
            found = matcher.ahead(now, AHEAD_HOURS, pointing)
            schedule.store_plan(installation.database, profile.name, pointing, now, found)
            context.log.info("%d transits of %s at %+.3f deg", len(found), profile.name, pointing)


@dg.job(description="Plan the coming transits of calibrators.", executor_def=dg.in_process_executor)
def transit_plan_job() -> None:
    """Plan the coming transits of calibrators."""
    plan_transits()


transit_plan_schedule = dg.ScheduleDefinition(
    name="transit_plan_schedule",
    job=transit_plan_job,
    cron_schedule="10 0 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
