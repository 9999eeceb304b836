"""`dsa-hcal hcal map`: which tower each value of a board's reply belongs to, checked, compared, replayed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsa_hcal_assets.clock import day_key, utc_now
from dsa_hcal_assets.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsa_hcal_assets.database.connection import Database
    from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
    from dsa_hcal_assets.hcal.mapping.replay import AffectedDay

_FILE = click.option(
    "--file", "path", type=click.Path(dir_okay=False, path_type=Path), help="Map to use instead."
)
_MAP = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("map")
def channel_map_group() -> None:
    """The channel map: which tower each value of a board's reply belongs to."""


@channel_map_group.command()
@click.option("--at", "moment", type=click.DateTime(), help="Time (UTC); default: now.")
@_FILE
def show(moment: datetime | None, path: Path | None) -> None:
    """Check the map and show which half-sector each channel of each board serves."""
    from dsa_hcal_assets.hcal.mapping import geometry
    from dsa_hcal_assets.hcal.mapping.validity import FOREVER

    mapping = _loaded(path)
    epoch = mapping.at(moment.replace(tzinfo=UTC) if moment else utc_now())
    until = "further notice" if epoch.valid_to == FOREVER else day_key(epoch.valid_to)
    click.echo(f"valid from {day_key(epoch.valid_from)} until {until}; {len(mapping.epochs)} epochs")
    towers = geometry.towers()
    for board in epoch.boards:
        served = epoch.towers_of(board)
        if served is None:
            continue
        channels = [sorted({int(number) for number in towers.half_sector[values]}) for values in served]
        labels = ["+".join(geometry.half_sector_label(number) for number in numbers) for numbers in channels]
        click.echo(f"board {board}: {' '.join(labels)}")


@channel_map_group.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
def write(path: Path) -> None:
    """Write the shipped (assumed) map to a file, as a start for the real one."""
    from dsa_hcal_assets.hcal.mapping import assumed_map

    assumed_map.write(path)
    click.echo(f"{path}: edit it, then set DSA_HCAL_HCAL__CHANNEL_MAP_FILE to it")


@channel_map_group.command()
@_FILE
def check(path: Path | None) -> None:
    """Look for implausible places in the map: neighbours on a board that are none in the detector.

    That the map is one to one onto all towers is required anyway. Exit code 2 if something is implausible.
    """
    from dsa_hcal_assets.hcal.mapping import consistency, difference

    findings = 0
    for epoch in _loaded(path).epochs:
        found = consistency.judge(epoch)
        since = f"from {epoch.valid_from:%Y-%m-%d %H:%M}"
        click.echo(f"{since}: {found.following:.1%} of the values lie where the map's own rule has them")
        told = list(difference.describe(found.implausible))
        if not found.has_rule:
            told.append("most of the map follows no rule: neighbours cannot be judged")
        for first, second in found.far_neighbours:
            told.append(f"values {first} and {second} of most channels are no neighbours")
        for line in told:
            click.echo(f"  {line}")
        findings += len(told)
    if findings:
        click.get_current_context().exit(2)


@channel_map_group.command()
@click.argument("before", metavar="A", type=_MAP)
@click.argument("after", metavar="B", type=_MAP)
def diff(before: Path, after: Path) -> None:
    """Show what moved between the maps A and B, and for which times. Exit code 1 if they differ."""
    from dsa_hcal_assets.hcal.mapping import difference
    from dsa_hcal_assets.hcal.mapping.validity import FOREVER

    found = difference.compare(_loaded(before), _loaded(after))
    for one in found:
        until = "" if one.end == FOREVER else f" until {one.end:%Y-%m-%d %H:%M}"
        only = "" if one.covered else "; one map says nothing about that time"
        click.echo(f"from {one.start:%Y-%m-%d %H:%M}{until}: {len(one.moves)} values moved{only}")
        for line in difference.describe(one.moves) if one.covered else ():
            click.echo(f"  {line}")
    if found:
        click.get_current_context().exit(1)
    click.echo("the maps say the same")


@channel_map_group.command()
@_FILE
@click.option(
    "--run", "wanted", is_flag=True, help="Load them again, with all that follows, by one backfill."
)
def affected(path: Path | None, wanted: bool) -> None:
    """List loaded days that the map changes: loaded under another one that says something else of them.

    Raw files stay as they are. The platform loads with the map of its settings, so --run goes without --file.
    """
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.hcal.mapping import replay
    from dsa_hcal_assets.ledger import Ledger

    if wanted and path is not None:
        raise click.UsageError("set DSA_HCAL_HCAL__CHANNEL_MAP_FILE to the map first, then use --run alone")
    mapping, settings = _loaded(path), load_settings()
    with access.opened(settings) as database:
        found = replay.affected_days(database, mapping)
        _show_affected(found)
        if covered := replay.now_covered(Ledger(database, settings.quarantine), mapping):
            ids = " ".join(str(arrival.arrival_id) for arrival in covered)
            click.echo(f"snapshots no map covered when they came: dsa-hcal quarantine release {ids}")
        days = sorted({one.day.isoformat() for one in found if one.covered})
        if days and wanted:
            _ask_backfill(database, days)
        elif days:
            click.echo("load them again by one backfill: dsa-hcal hcal map affected --run")


def _loaded(path: Path | None) -> "ChannelMap":
    from dsa_hcal_assets.hcal.mapping.channel_map import load_channel_map

    return load_channel_map(path or load_settings().hcal.channel_map_file)


def _show_affected(found: "Sequence[AffectedDay]") -> None:
    for one in found:
        what = "under a map no longer known" if one.moved is None else f"{one.moved} values have moved"
        if not one.covered:
            what = "the map says nothing about them: they stay as they are"
        click.echo(f"{one.day}  {one.snapshots:>5} snapshots  {what}")
    click.echo(f"{len({one.day for one in found if one.covered})} days to be loaded again")


def _ask_backfill(database: "Database", days: list[str]) -> None:
    from dsa_hcal_assets.definitions import build_definitions
    from dsa_hcal_assets.orchestration.hcal.replay import ask_backfill
    from dsa_hcal_assets.orchestration.storage import opened_instance

    repository = build_definitions().get_repository_def()
    with opened_instance(database.url) as instance:
        asked = ask_backfill(instance, repository, days, utc_now())
    click.echo(f"backfill {asked} of {len(days)} days is asked for")
