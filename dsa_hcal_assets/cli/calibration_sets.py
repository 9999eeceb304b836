"""`dsa-hcal calibration list|show|register|...`: the registry of calibration sets."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import click

from dsa_hcal_assets.radio.calibration.sets import CalibrationSet, State
from dsa_hcal_assets.settings import load_settings

if TYPE_CHECKING:
    from dsa_hcal_assets.database.connection import Database
    from dsa_hcal_assets.radio.calibration.choice import Due

MOMENT = click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"])
_SET = click.argument("set_id", metavar="SET", type=int)
_REASON = click.option("--reason", required=True, help="Kept in the set's history.")


@click.command("list")
@click.option("--profile", help="Only this telescope profile.")
@click.option("--state", type=click.Choice(get_args(State)), help="Only this state.")
def list_command(profile: str | None, state: State | None) -> None:
    """List calibration sets, newest first; * marks those that are pinned."""
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.radio.calibration.sets import list_sets

    with access.opened(load_settings()) as database:
        found = list_sets(database, profile, state)
    for one in found:
        mark = "*" if one.pinned else " "
        click.echo(
            f"{one.set_id:>5}{mark} {one.profile:<8} {one.state:<11} {one.qa_level:<5} {one.group}  "
            f"{one.calibrator:<12} {one.declination_deg:+7.2f}  {_range(one) or one.reason}"
        )
    click.echo(f"{len(found)} sets")


@click.command()
@_SET
def show(set_id: int) -> None:
    """Show a set, its history, and how many groups were calibrated with it."""
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.radio.calibration.sets import get_set, history

    settings = load_settings()
    with access.opened(settings) as database:
        one, events = get_set(database, set_id), history(database, set_id)
        ((used,),) = database.rows(
            "select count(distinct group_key) from radio.calibration_use where set_id = %s", (set_id,)
        )
    click.echo(f"set {one.set_id} of {one.group}, {one.profile}: {one.state}{', pinned' * one.pinned}")
    for name, value in (
        ("calibrator", f"{one.calibrator}, transit {one.centre:%Y-%m-%d %H:%M:%S}"),
        ("checks", one.qa_level),
        ("used for", _range(one) or "nothing"),
        ("declination", f"{one.declination_deg:+.3f} deg"),
        ("reference", one.reference_antenna),
        ("tables", settings.products / one.path),
        ("groups", f"{used} calibrated with it"),
    ):
        click.echo(f"  {name:<12} {value}")
    for at, event, reason in events:
        click.echo(f"  {at:%Y-%m-%d %H:%M:%S}  {event:<11} {reason}")


@click.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@_REASON
def register(directory: Path, reason: str) -> None:
    """Enter an existing set: DIRECTORY holds set.json and the caltables it names.

    The tables are read and judged by the limits of stage calibration_tables, the calibrator's transit is
    compared with the set's times, and the directory is copied into the product tree. Exit code 1: a
    blocking check failed; the set is on record as retired and never chosen.
    """
    from dsa_hcal_assets.installation import Installation
    from dsa_hcal_assets.radio.calibration.description import SetDescription
    from dsa_hcal_assets.radio.calibration.entering import enter
    from dsa_hcal_assets.radio.profiles.loading import profile_named

    installation = Installation(load_settings())
    settings = installation.settings
    profile = profile_named(SetDescription.load(directory).profile, settings.radio.profiles_dir)
    inspected = installation.workers.call(
        "dsa_hcal_assets.radio.calibration.inspection:inspect",
        {"calibration": str(directory.absolute())},
        wall_seconds=settings.radio.task_wall_seconds,
        log=settings.logs / "calibration_register.log",
    )
    found, verdicts = enter(
        directory.absolute(),
        inspected["metrics"],
        profile,
        installation.thresholds,
        installation.products,
        installation.database,
        reason,
    )
    for one in verdicts:
        click.echo(f"  {one.level.value:<5} {one.metric} = {one.value:.4g} {one.unit}  {one.limit}")
    click.echo(f"set {found.set_id} of {found.group} is {found.state}: {found.reason}")
    if found.qa_level == "fail":
        click.get_current_context().exit(1)


@click.command()
@_SET
@_REASON
def retire(set_id: int, reason: str) -> None:
    """Take a set out of use; its neighbours in time take over."""
    _take_out(set_id, "retired", reason)


@click.command()
@_SET
@_REASON
def blacklist(set_id: int, reason: str) -> None:
    """Forbid a set for good, also one that is out of use already."""
    _take_out(set_id, "blacklisted", reason)


@click.command()
@_SET
@_REASON
def pin(set_id: int, reason: str) -> None:
    """Let a set win over all others while its nominal range holds."""
    _pin(set_id, reason, pinned=True)


@click.command()
@_SET
@_REASON
def unpin(set_id: int, reason: str) -> None:
    """Make a pinned set one among others again."""
    _pin(set_id, reason, pinned=False)


@click.command()
@click.argument("moment", metavar="UTC", type=MOMENT)
@click.option("--profile", default="dsa110", show_default=True, help="Telescope profile.")
@click.option("--declination", type=click.FloatRange(-90, 90), help="Pointing of the data, deg.")
def applicable(moment: datetime, profile: str, declination: float | None) -> None:
    """Tell which set applies to data of a time (and declination), and why that one.

    Exit code 1: none may be used. In SQL: radio.calibration_at.
    """
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.radio.calibration.choice import Need, choose
    from dsa_hcal_assets.radio.profiles.loading import profile_named

    settings = load_settings()
    rules = profile_named(profile, settings.radio.profiles_dir).calibration
    need = Need(
        profile,
        moment.replace(tzinfo=UTC),
        declination,
        rules.declination_tolerance_deg,
        settings.radio.calibration_max_age_hours,
    )
    with access.opened(settings) as database:
        found = choose(database, need)
    click.echo(f"{found.chosen.set_id}  {found.standing}  {settings.products / found.chosen.path}")
    click.echo(found.reason)


@click.command()
@click.option("--profile", help="Only this telescope profile.")
@click.option("--since", type=MOMENT, help="Only data from then on, UTC.")
@click.option("--run", "wanted", is_flag=True, help="Calibrate and image them again, by one backfill.")
def stale(profile: str | None, since: datetime | None, wanted: bool) -> None:
    """List groups that would get another set today than they got.

    They were calibrated with a set that is out of use or farther away than one that came later, or not
    at all. In SQL: radio.recalibration_due.
    """
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.radio.calibration.choice import due

    with access.opened(load_settings()) as database:
        found = due(database, profile, since and since.replace(tzinfo=UTC))
        _show_due(found)
        if found and wanted:
            _ask_backfill(database, [one.group for one in found])
        elif found:
            click.echo("calibrate them again by one backfill: dsa-hcal calibration stale --run")


def _show_due(found: "Sequence[Due]") -> None:
    for one in found:
        used = "none" if one.used_set is None else f"set {one.used_set}"
        click.echo(
            f"{one.group}  {used} -> set {one.better_set} ({one.better_standing}, "
            f"{one.better_staleness_hours:.1f} h)  {one.why}"
        )
    click.echo(f"{len(found)} groups to be calibrated again")


def _ask_backfill(database: "Database", groups: list[str]) -> None:
    from dsa_hcal_assets.clock import utc_now
    from dsa_hcal_assets.definitions import build_definitions
    from dsa_hcal_assets.orchestration.radio.recalibration import ask_backfill
    from dsa_hcal_assets.orchestration.storage import opened_instance

    repository = build_definitions().get_repository_def()
    with opened_instance(database.url) as instance:
        asked = ask_backfill(instance, database, repository, groups, utc_now())
    click.echo(f"backfill {asked} of {len(groups)} groups is asked for")


def _take_out(set_id: int, state: Literal["retired", "blacklisted"], reason: str) -> None:
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.radio.calibration.registry import take_out

    with access.opened(load_settings()) as database:
        _told(take_out(database, set_id, state, reason))


def _pin(set_id: int, reason: str, *, pinned: bool) -> None:
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.radio.calibration.registry import pin_set

    with access.opened(load_settings()) as database:
        _told(pin_set(database, set_id, reason, pinned=pinned))


def _told(one: CalibrationSet) -> None:
    click.echo(f"set {one.set_id} of {one.group} is {'pinned' if one.pinned else one.state}")


def _range(one: CalibrationSet) -> str:
    if one.valid_from is None or one.valid_until is None:
        return ""
    return f"{one.valid_from:%Y-%m-%d %H:%M} to {one.valid_until:%Y-%m-%d %H:%M}"


COMMANDS = (list_command, show, register, retire, pin, unpin, blacklist, applicable, stale)
