"""`dsa-hcal alerts silence`, `silences`, `unsilence`: for how long nobody is told of what."""

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from dsa_hcal_assets.cli.alert_words import IDS, WHO, utc
from dsa_hcal_assets.settings import load_settings
from dsa_hcal_assets.settings.alerts import SEVERITIES

if TYPE_CHECKING:
    from dsa_hcal_assets.alerts.silences import Silence


@click.command()
@click.option("--category", help="Pattern of the category; * stands for any text.")
@click.option("--source", help="Pattern of the source.")
@click.option("--partition", help="Pattern of the partition.")
@click.option("--title", help="Pattern of the title.")
@click.option(
    "--up-to",
    type=click.Choice(SEVERITIES),
    default="critical",
    show_default=True,
    help="Most urgent that is silenced.",
)
@click.option(
    "--hours", type=click.FloatRange(0, min_open=True), default=1.0, show_default=True, help="How long."
)
@click.option("--reason", default="", help="Why, for others.")
@WHO
def silence(
    category: str | None,
    source: str | None,
    partition: str | None,
    title: str | None,
    up_to: str,
    hours: float,
    reason: str,
    who: str,
) -> None:
    """Tell nobody of some alerts for a while. They are recorded all the same.

    All patterns that are given have to match. What is still wrong at the end is told then.
    """
    from dsa_hcal_assets.alerts import Severity, silences
    from dsa_hcal_assets.clock import utc_now
    from dsa_hcal_assets.database import access

    matchers = silences.Matchers(category, source, partition, title, Severity(up_to))
    with access.opened(load_settings()) as database:
        until = utc_now() + timedelta(hours=hours)
        made = silences.silence(database, matchers, until=until, who=who, reason=reason)
    click.echo(_silence_line(made))


@click.command("silences")
@click.option("--all", "everything", is_flag=True, help="Also those that have ended.")
def list_silences(everything: bool) -> None:
    """List silences in force, newest first, with who wished them."""
    from dsa_hcal_assets.alerts.silences import silences
    from dsa_hcal_assets.database import access

    with access.opened(load_settings()) as database:
        found = silences(database, ended=everything)
    for one in found:
        click.echo(_silence_line(one))
    if not found:
        click.echo("no silences")


@click.command()
@IDS
@WHO
def unsilence(ids: tuple[int, ...], who: str) -> None:
    """End silences now. What they held back and is still wrong is told."""
    from dsa_hcal_assets.alerts.silences import lift
    from dsa_hcal_assets.database import access

    with access.opened(load_settings()) as database:
        for number in ids:
            click.echo(f"{number} {'ended' if lift(database, number, who) else 'is unknown or had ended'}")


def _silence_line(one: "Silence") -> str:
    what = {
        name: value for name, value in vars(one.matchers).items() if name != "up_to" and value is not None
    }
    shown = " ".join(f"{name}={value}" for name, value in what.items())
    end = f"ended {utc(one.lifted_at)} by {one.lifted_by}" if one.lifted_at else f"until {utc(one.ends_at)}"
    reason = f": {one.reason}" if one.reason else ""
    return (
        f"{one.silence_id:>6}  {shown} up to {one.matchers.up_to.value}, {end}, by {one.created_by}{reason}"
    )
