"""`dsa-hcal groups`: where radio observation groups stand, one in full, and a second chance."""

from typing import TYPE_CHECKING

import click

from dsa_hcal_assets.errors import ProductMissing
from dsa_hcal_assets.settings import load_settings

if TYPE_CHECKING:
    from dsa_hcal_assets.radio.group_states import GroupDetails, GroupFile, GroupProduct

STATES = ("collecting", "pending", "in-progress", "completed", "failed")
_KEY = click.argument("key", metavar="KEY")


@click.group()
def groups() -> None:
    """List radio observation groups, show one, try a failed one again.

    A group is collecting while subbands are missing, pending until its run takes it up, in progress
    until its report exists, then completed; failed when it was given up incomplete or a gate closed.
    """


@groups.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only groups of this state.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Most groups to show; newest."
)
def list_command(state: str | None, limit: int) -> None:
    """List the groups that got a subband last, newest first, and how many there are of each state."""
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.radio import group_states

    wanted = state.replace("-", " ") if state else None
    with access.opened(load_settings()) as database, database.transaction() as cursor:
        found, counts = group_states.latest(cursor, wanted, limit), group_states.counts(cursor)
    for one in found:
        missing = f"  without {_numbers(one.missing)}" if one.missing else ""
        click.echo(f"{one.key}  {one.state:<11} {one.found:>3}/{one.expected:<3} {one.profile}{missing}")
    click.echo(", ".join(f"{count} {name}" for name, count in counts.items()))


@groups.command()
@_KEY
def show(key: str) -> None:
    """Show a group's files with what their headers say, its products and their gates."""
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.radio import group_states

    with access.opened(load_settings()) as database:
        found = group_states.details(database, key)
    if found is None:
        raise _unknown(key)
    _tell(found)


@groups.command()
@_KEY
def retry(key: str) -> None:
    """Let a group that was given up incomplete collect again, for as long as a new one may.

    A group that failed at a gate is processed again in the Dagster UI, after `partitions restore` if
    its key was retired, or by POST /api/reprocess/KEY, which restores it itself.
    """
    from dsa_hcal_assets.clock import utc_now
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.radio import group_states
    from dsa_hcal_assets.radio.ingest.completeness import reopen

    with access.opened(load_settings()) as database:
        again = reopen(database, key, utc_now())
        found = None if again is not None else group_states.details(database, key)
    if again is not None:
        click.echo(f"{key} is collecting again: {again.found} of {again.expected} subbands")
        return
    if found is None:
        raise _unknown(key)
    closed = [f"{one.kind} by {', '.join(one.closed_by)}" for one in found.products if one.closed_by]
    reason = f"; stopped at {'; '.join(closed)}" if closed else ""
    raise click.ClickException(f"{key} is {found.group.state}, it was not given up incomplete{reason}")


def _unknown(key: str) -> ProductMissing:
    return ProductMissing(
        f"no file of group {key} ever arrived", remedy="`dsa-hcal groups list` shows the keys"
    )


def _tell(found: "GroupDetails") -> None:
    group = found.group
    missing = f", without {_numbers(group.missing)}" if group.missing else ""
    click.echo(f"{group.key} is {group.state}: {group.found} of {group.expected} subbands{missing}")
    pointing = "" if group.declination_deg is None else f", declination {group.declination_deg:.3f} deg"
    click.echo(f"{group.telescope} (profile {group.profile}){pointing}")
    click.echo(
        f"first subband {group.first_seen:%Y-%m-%d %H:%M:%S}, last {group.last_seen:%Y-%m-%d %H:%M:%S} UTC"
    )
    click.echo("\nfiles")
    for file in found.files:
        click.echo(_file(file))
    click.echo("\nproducts")
    for product in found.products:
        click.echo(_product(product))
    if not found.products:
        click.echo("  none yet")


def _file(file: "GroupFile") -> str:
    number = "  --" if file.subband is None else f"sb{file.subband:02d}"
    header = ""
    if file.low_hz is not None and file.high_hz is not None:
        header = (
            f"  {file.low_hz / 1e6:.3f}-{file.high_hz / 1e6:.3f} MHz, {file.channels} channels, "
            f"{file.integrations} integrations, {file.antennas} antennas"
        )
    reason = f"  {file.reason}" if file.reason else ""
    return f"  {number}  {file.state:<11} {file.name}  {file.bytes / 1e6:.1f} MB{header}{reason}"


def _product(product: "GroupProduct") -> str:
    gate = f"closed by {', '.join(product.closed_by)}" if product.closed_by else "open"
    return (
        f"  {product.kind:<19} v{product.version:04d}  {product.created_at:%Y-%m-%d %H:%M:%S}  gate {gate} "
        f"({product.passed} passed, {product.warned} warned)"
    )


def _numbers(missing: list[int]) -> str:
    return " ".join(f"sb{number:02d}" for number in missing)
