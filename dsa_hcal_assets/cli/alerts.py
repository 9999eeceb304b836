"""`dsa-hcal alerts`: what is wrong, who is told, and for how long nobody is."""

from typing import TYPE_CHECKING

import click

from dsa_hcal_assets.cli.alert_channels import deliver, list_channels, test
from dsa_hcal_assets.cli.alert_silences import list_silences, silence, unsilence
from dsa_hcal_assets.cli.alert_words import IDS, WHO, utc
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.settings import load_settings
from dsa_hcal_assets.settings.alerts import SEVERITIES

if TYPE_CHECKING:
    from dsa_hcal_assets.alerts.history import Found


@click.group()
def alerts() -> None:
    """List, acknowledge, silence and close alerts; try the channels that tell them.

    Every alert is in the record and in the log. DSA_HCAL_ALERTS__ROUTES says which of them go to which
    channel; the platform's service `alerts` takes them there.
    """


@alerts.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that are over.")
@click.option("--severity", type=click.Choice(SEVERITIES), help="Only those at least so urgent.")
@click.option("--category", help="Only those of this category.")
@click.option("--source", help="Only those from this source.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Most to show.")
def list_alerts(
    everything: bool, severity: str | None, category: str | None, source: str | None, limit: int
) -> None:
    """List alerts whose trouble is not over, newest first: id, time (UTC), severity, category, title."""
    from dsa_hcal_assets.alerts import Severity
    from dsa_hcal_assets.alerts.history import Standing, search
    from dsa_hcal_assets.database import access

    with access.opened(load_settings()) as database:
        found = search(
            database,
            least=None if severity is None else Severity(severity),
            category=category,
            source=source,
            standing=None if everything else Standing.OPEN,
            limit=limit,
        )
    for one in found:
        click.echo(_line(one))
    if not found:
        click.echo("no alerts")


@alerts.command()
@click.argument("alert_id", metavar="ID", type=int)
def show(alert_id: int) -> None:
    """Show one alert in full, and how it was told to each channel."""
    from dsa_hcal_assets.alerts import history
    from dsa_hcal_assets.database import access

    with access.opened(load_settings()) as database:
        found = history.one(database, alert_id)
        if found is None:
            raise BadInput(f"there is no alert {alert_id}", remedy="`dsa-hcal alerts list --all`")
        deliveries = history.deliveries(database, alert_id)
    click.echo(_line(found))
    if found.entry.alert.message:
        click.echo(found.entry.alert.message)
    for one in deliveries:
        error = f": {one.error}" if one.error else ""
        tried = f", {one.failed_attempts} tries failed" if one.failed_attempts else ""
        click.echo(f"  {one.channel}: {one.kind} {one.state}{tried}{error}")


@alerts.command()
@IDS
@WHO
def ack(ids: tuple[int, ...], who: str) -> None:
    """Note that you take care of alerts. They stay open until the trouble is over."""
    from dsa_hcal_assets.alerts.record import acknowledge
    from dsa_hcal_assets.database import access

    with access.opened(load_settings()) as database:
        for number in ids:
            noted = acknowledge(database, number, who)
            click.echo(f"{number} {'acknowledged' if noted else 'is unknown or was acknowledged before'}")


@alerts.command()
@IDS
@WHO
def resolve(ids: tuple[int, ...], who: str) -> None:
    """Close alerts by hand. Whoever was told of the trouble is told that it is over."""
    from dsa_hcal_assets.alerts.record import resolve_alert
    from dsa_hcal_assets.database import access

    with access.opened(load_settings()) as database:
        for number in ids:
            closed = resolve_alert(database, number, who)
            click.echo(f"{number} {'closed' if closed else 'is unknown or was closed before'}")


for _command in (silence, list_silences, unsilence, test, list_channels, deliver):
    alerts.add_command(_command)


def _line(found: "Found") -> str:
    entry = found.entry
    standing = [
        f"{entry.times} times" if entry.times > 1 else "",
        f"acknowledged by {entry.acknowledged_by}" if entry.acknowledged_at else "",
        f"silence {found.silence_id}" if found.silence_id is not None else "",
        f"over {utc(entry.resolved_at)}" if entry.resolved_at else "",
    ]
    told = ", ".join(part for part in standing if part)
    alert = entry.alert
    head = f"{entry.alert_id:>6}  {utc(alert.raised_at)}  {alert.severity.value:<8} {alert.category:<12} "
    return f"{head}{alert.title}" + (f" ({told})" if told else "")
