"""`dsa-hcal hcal conditions`: the state valid at a time or run, payload files, global tags."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsa_hcal_assets.settings import load_settings

if TYPE_CHECKING:
    from dsa_hcal_assets.database.connection import Database

MOMENT = click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"])
_DAY = click.DateTime(["%Y-%m-%d"])
_DETECTOR = click.option(
    "--detector",
    type=click.Choice(["OHCal", "IHCal", "EMCal"], case_sensitive=False),
    multiple=True,
    help="Only this one (may be repeated); default: all three.",
)
_AT = click.option("--at", "moment", type=MOMENT, help="Time, UTC.")
_RUN = click.option("--run", "run_number", type=click.IntRange(min=0), help="The begin of a data-taking run.")


@click.group()
def conditions() -> None:
    """Conditions for reconstruction: what is valid when, as tables and payload files.

    A payload is a pair of files (ROOT, Parquet) for one detector and interval of validity; a global tag
    chooses one payload for each moment. Tags are open (being put together), running (grow with the data)
    or published (never change).
    """


@conditions.command("list")
@click.argument("tag", required=False)
def list_(tag: str | None) -> None:
    """List the global tags, or the payloads of TAG.

    Columns of tags: name, state, payloads, first and last moment covered (UTC), description. Of payloads:
    detector, valid from, until (UTC), number, set of corrections, ROOT file.
    """
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.hcal.conditions import tags
    from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter

    with access.opened(load_settings()) as database:
        known = tags.tags(database)
        found = [] if tag is None else tags.payloads_of(database, tag)
    if tag is None:
        for one in known:
            covered = f"{_minute(one.valid_from)} {_minute(one.valid_until)}"
            click.echo(f"{one.name:<24} {one.state:<10} {one.payloads:>6} {covered}  {one.description}")
    elif tag not in {one.name for one in known}:
        raise click.UsageError(f"there is no global tag {tag}")
    for payload in found:
        label = Calorimeter(payload.detector).label
        file = f"{payload.directory}/{payload.root_file}"
        click.echo(
            f"{label} {payload.valid_from:%Y-%m-%dT%H:%M:%S} {payload.valid_until:%Y-%m-%dT%H:%M:%S} "
            f"{payload.payload_id:>6} {payload.correction_set or '-':>6}  {file}"
        )


@conditions.command()
@click.argument("name")
@click.option("--from", "start", type=_DAY, help="First UTC day whose newest payloads go into the tag.")
@click.option("--to", "end", type=_DAY, help="Last UTC day.")
@click.option("--new", is_flag=True, help="Make the tag; without it, it must exist.")
@click.option("--running", is_flag=True, help="With --new: a tag that grows with the data.")
@click.option("--like", help="With --new: begin with the payloads of this tag.")
@click.option("--description", default="", help="With --new: what the tag is for.")
@click.option("--publish", is_flag=True, help="Then publish it: it never changes again.")
def tag(
    name: str,
    start: datetime | None,
    end: datetime | None,
    new: bool,
    running: bool,
    like: str | None,
    description: str,
    publish: bool,
) -> None:
    """Make the global tag NAME, put payloads into it, publish it; what was not asked for is not done.

    Of each day and detector the newest payloads are taken. An open tag gives up what overlaps them, a
    running one takes only what it has no answer for. Exit code 1 if the tag's state forbids it; the tag is
    then as it was.
    """
    from datetime import timedelta

    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.hcal.conditions import tags

    if (start is None) != (end is None):
        raise click.UsageError("--from and --to go together")
    if not new and (running or like or description):
        raise click.UsageError("--running, --like and --description need --new")
    with access.opened(load_settings()) as database:
        if new:
            tags.create(database, name, description, state="running" if running else "open", like=like)
            click.echo(f"{name}: made")
        if start is not None and end is not None:
            until = end.replace(tzinfo=UTC) + timedelta(days=1)
            added = tags.add(database, name, start.replace(tzinfo=UTC), until)
            click.echo(f"{name}: {added} payloads added")
        if publish:
            tags.publish(database, name)
            click.echo(f"{name}: published")


@conditions.command()
@_AT
@_RUN
@_DETECTOR
@click.option("--tag", default=None, help="Show the tag's payload files instead of the towers.")
@click.option(
    "--max-age",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Furthest a reading may be from the time, hours.",
)
def at(
    moment: datetime | None,
    run_number: int | None,
    detector: tuple[str, ...],
    tag: str | None,
    max_age: float,
) -> None:
    """Show the state valid at a time or run: towers as CSV, or with --tag the payload files.

    Status of a tower: 0 all well, else a sum of 1 no temperature within --max-age, 2 bias off or unknown,
    4 gain not corrected, 8 bad but usable, 16 bad. Exit code 1 if the tag has no payload or the run is not
    known.
    """
    from datetime import timedelta

    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.hcal.conditions import registry, state
    from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter

    chosen = [Calorimeter.named(name) for name in detector] or list(Calorimeter)
    settings = load_settings()
    with access.opened(settings) as database:
        asked = _asked(database, moment, run_number)
        if tag is not None:
            for one in chosen:
                found = registry.payload_at(database, tag, one, asked)
                directory = settings.products / found.directory
                click.echo(f"{one.label} {found.payload_id} {directory / found.root_file}")
            return
        for position, one in enumerate(chosen):
            towers = state.valid_state(database, one, asked, max_age=timedelta(hours=max_age))
            click.echo(towers.to_csv(index=False, header=position == 0), nl=False)


@conditions.command()
@_AT
@_RUN
@_DETECTOR
@click.option("--tag", required=True, help="Global tag.")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    show_default="current directory",
    help="Directory for the files.",
)
def export(
    moment: datetime | None, run_number: int | None, detector: tuple[str, ...], tag: str, into: Path
) -> None:
    """Copy the payload files of a tag for a time or run into a directory, checksums verified."""
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.hcal.conditions import registry
    from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter

    chosen = [Calorimeter.named(name) for name in detector] or list(Calorimeter)
    settings = load_settings()
    with access.opened(settings) as database:
        asked = _asked(database, moment, run_number)
        for one in chosen:
            found = registry.payload_at(database, tag, one, asked)
            for path in found.export(settings.products, into):
                click.echo(path)


def _minute(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%dT%H:%M}"


def _asked(database: "Database", moment: datetime | None, run_number: int | None) -> datetime:
    from dsa_hcal_assets.hcal.conditions.state import begin_of_run

    if moment is not None and run_number is None:
        return moment.replace(tzinfo=UTC)
    if run_number is not None and moment is None:
        return begin_of_run(database, run_number)
    raise click.UsageError("give either --at or --run")
