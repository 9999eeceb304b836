"""Looks every minute at what is wrong, tells it, and closes what is over.

A sensor, because it costs a few queries and no run. What is wrong while Dagster or the database is away is
looked at by the supervisor of the services (services/watching.py).
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import dagster as dg
import psycopg2

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.errors import PlatformError
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.stage import InstallationParam
from dsa_hcal_assets.watch.condition import Condition

NEWS = timedelta(days=2)  # nights that ended longer ago come from a backfill: nobody waits to hear of them

Question = Callable[[], list[Condition]]


@dg.sensor(
    name="watch",
    description="Tells what is wrong with data, devices and runs, closes what is over, sums up nights.",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def watch(context: dg.SensorEvaluationContext, installation: InstallationParam) -> dg.SkipReason:
    """Look at every condition once."""
    wrong = look(installation, context.instance, utc_now())
    sum_up_nights(installation, utc_now())
    return dg.SkipReason("; ".join(one.title for one in wrong) or "nothing is wrong")


def look(installation: Installation, instance: dg.DagsterInstance, now: datetime) -> list[Condition]:
    """Ask every question and tell the answers; return all that is wrong.

    Raises
    ------
    ExceptionGroup
        Of the questions that could not be asked, after all others have been.
    """
    from dsa_hcal_assets.watch import follow
    from dsa_hcal_assets.watch.mended import close_mended

    close_mended(installation.database)
    wrong: list[Condition] = []
    errors: list[Exception] = []
    for scope, question in _questions(installation, instance, now):
        try:
            wrong += follow(installation.database, installation.tell, scope, question())
        except (PlatformError, psycopg2.Error) as error:
            error.add_note(f"looking at {scope!r}")
            errors.append(error)
    if errors:
        raise ExceptionGroup(f"{len(errors)} conditions could not be looked at", errors)
    return wrong


def sum_up_nights(installation: Installation, now: datetime) -> None:
    """Store the summary of each night that is over; tell those of late, the first time."""
    from dsa_hcal_assets.watch import nights
    from dsa_hcal_assets.watch.announcing import announce

    limits = installation.settings.watch
    settle, wait = timedelta(minutes=limits.night_settle_minutes), timedelta(hours=limits.night_wait_hours)
    for summary, first in nights.close_due(
        installation.database, limits.night_zone, now, settle=settle, wait=wait
    ):
        if first and now - summary.ends_at < NEWS:
            announce(installation.database, installation.tell, summary.told())


def _questions(
    installation: Installation, instance: dg.DagsterInstance, now: datetime
) -> Iterator[tuple[str, Question]]:
    """Yield each question with the scope of its alerts."""
    from dsa_hcal_assets.orchestration.watch import failures, runs
    from dsa_hcal_assets.radio.profiles.loading import load_profiles
    from dsa_hcal_assets.watch import calibration, devices, groups, spools

    settings, database = installation.settings, installation.database
    limits, radio = settings.watch, settings.radio
    fresh = timedelta(minutes=limits.reading_minutes)
    yield (
        "spool",
        lambda: spools.spools_beyond_limits(
            settings.incoming, database, installation.ledger, installation.thresholds, now
        ),
    )
    yield (
        "groups",
        lambda: groups.groups_waiting(
            database, now, limits.groups_waiting_warning, limits.groups_waiting_error
        ),
    )
    yield (
        "calibration.now",
        lambda: calibration.calibration_lacking(
            database,
            load_profiles(radio.profiles_dir).values(),
            now,
            observing_hours=limits.observing_hours,
            max_age_hours=radio.calibration_max_age_hours,
        ),
    )
    yield (
        "devices",
        lambda: devices.silent_devices(database, now, cycles=limits.silent_cycles, max_age=fresh),
    )
    yield "trips", lambda: devices.tripped_supplies(database, now, max_age=fresh)
    yield (
        "runs.stuck",
        lambda: runs.stuck_runs(instance, now, timedelta(minutes=limits.run_silent_minutes)),
    )
    yield (
        "runs.queued",
        lambda: runs.live_runs_queued(instance, limits.runs_queued_warning, limits.runs_queued_error),
    )
    yield (
        "partitions",
        lambda: failures.left_failed(
            failures.still_failed(database, instance, now), now, timedelta(minutes=limits.left_failed_minutes)
        ),
    )
