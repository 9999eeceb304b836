"""`dsa-hcal calibration`: calibrators that cross the beam, and the registry of calibration sets."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from dsa_hcal_assets.cli import calibration_sets
from dsa_hcal_assets.cli.calibration_sets import MOMENT
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.settings import Settings, load_settings

if TYPE_CHECKING:
    from dsa_hcal_assets.database.connection import Database
    from dsa_hcal_assets.radio.calibration.matching import Match
    from dsa_hcal_assets.radio.catalogues.schedule import Matcher

_PROFILE = click.option("--profile", default="dsa110", show_default=True, help="Telescope profile.")


@click.group()
def calibration() -> None:
    """Calibrators (transits, match, groups) and the registry of calibration sets (the others).

    Candidates are the standard calibrators, the list of DSA_HCAL_RADIO__CALIBRATOR_LIST (VLA_CATALOG)
    and those loaded by `dsa-hcal catalogue load`.
    """


@calibration.command()
@_PROFILE
@click.option("--declination", type=click.FloatRange(-90, 90), help="Pointing, deg (default: see below).")
@click.option("--from", "start", type=MOMENT, help="UTC; default: now.")
@click.option("--hours", type=click.FloatRange(0, 24 * 31), default=24.0, show_default=True, help="How far.")
@click.option("--offline", is_flag=True, help="Do without the database.")
@click.option("--store", is_flag=True, help="Keep the schedule in the database (radio.coming_transit).")
def transits(
    profile: str,
    declination: float | None,
    start: datetime | None,
    hours: float,
    offline: bool,
    store: bool,
) -> None:
    """List the transits of calibrators within the match radius of the pointing, in the order of time.

    Without --declination: DSA_HCAL_RADIO__POINTING_DEC_DEG, else that of the newest group. Columns: UTC
    of the transit, calibrator, distance from the pointing (deg), beam response, flux density and flux
    density behind the beam (Jy).
    """
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.radio.catalogues import schedule

    settings = load_settings()
    moment = utc_now() if start is None else start.replace(tzinfo=UTC)
    chosen = declination if declination is not None else settings.radio.pointing_dec_deg
    if offline:
        if store or chosen is None:
            raise click.UsageError("--offline needs --declination (or the setting) and cannot --store")
        _show(_matcher(settings, profile).ahead(moment, hours, chosen), chosen)
        return
    with access.opened(settings) as database:
        matcher = _matcher(settings, profile, database)
        if chosen is None:
            chosen = schedule.newest_declination(database, profile)
        if chosen is None:
            raise click.UsageError(f"no group of {profile} tells where it points; give --declination")
        found = matcher.ahead(moment, hours, chosen)
        if store:
            schedule.store_plan(database, profile, chosen, moment, found)
    _show(found, chosen)


@calibration.command()
@_PROFILE
@click.option("--since", type=MOMENT, required=True, help="First sample of the earliest group, UTC.")
def match(profile: str, since: datetime) -> None:
    """Match groups with calibrators again, after a catalogue was loaded or a limit changed.

    Fills radio.group_calibrator, which `groups` lists.
    """
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.radio.catalogues.schedule import match_groups

    settings = load_settings()
    with access.opened(settings) as database:
        matchers = {profile: _matcher(settings, profile, database)}
        count = match_groups(database, matchers, since.replace(tzinfo=UTC))
    click.echo(f"{count} groups matched")


@calibration.command()
@click.option("--calibrator", help="Only groups that hold this one.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Most lines.")
def groups(calibrator: str | None, limit: int) -> None:
    """List which groups hold which calibrator, the newest first.

    Columns: group, rank, calibrator, UTC of the transit, distance (deg), beam response, Jy behind it.
    """
    from dsa_hcal_assets.database import access

    with access.opened(load_settings()) as database:
        rows = database.rows(
            "select group_key, rank, calibrator, transit, separation_deg, response, apparent_jy "
            "from radio.group_calibrator where %s::text is null or calibrator = %s "
            "order by group_key desc, rank limit %s",
            (calibrator, calibrator, limit),
        )
    for group, rank, name, transit, separation, response, apparent in rows:
        click.echo(
            f"{group}  {rank:>2}  {name:<12} {transit:%H:%M:%S}  {separation:6.3f}  "
            f"{response:5.3f}  {apparent:8.3f}"
        )
    click.echo(f"{len(rows)} matches")


def _matcher(settings: Settings, profile: str, database: "Database | None" = None) -> "Matcher":
    from dsa_hcal_assets.radio.catalogues.calibrators import known_calibrators
    from dsa_hcal_assets.radio.catalogues.schedule import Matcher
    from dsa_hcal_assets.radio.profiles.loading import profile_named

    radio = settings.radio
    candidates = known_calibrators(database, radio.calibrator_list)
    return Matcher.of(profile_named(profile, radio.profiles_dir), radio, candidates)


def _show(found: "Sequence[Match]", declination: float) -> None:
    for one in found:
        click.echo(
            f"{one.transit:%Y-%m-%dT%H:%M:%S}  {one.calibrator.name:<12} {one.separation_deg:6.3f}  "
            f"{one.response:5.3f}  {one.flux_jy:8.3f}  {one.apparent_jy:8.3f}"
        )
    click.echo(f"{len(found)} transits at declination {declination:+.3f} deg")


for _command in calibration_sets.COMMANDS:
    calibration.add_command(_command)
