"""`dsa-hcal alerts`: what is wrong, who is told, and for how long nobody is."""

import getpass
import signal
import threading
from datetime import datetime, timedelta
from types import FrameType
from typing import TYPE_CHECKING

import click

from dsa_hcal_assets.errors import BadInput, PlatformError
from dsa_hcal_assets.settings import load_settings
from dsa_hcal_assets.settings.alerts import SEVERITIES

if TYPE_CHECKING:
    from dsa_hcal_assets.alerts.history import Found
    from dsa_hcal_assets.alerts.silences import Silence

WHO = click.option("--who", default=getpass.getuser, show_default="you", help="Who did it, for the record.")
IDS = click.argument("ids", metavar="ID...", type=int, nargs=-1, required=True)


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


@alerts.command()
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


@alerts.command("silences")
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


@alerts.command()
@IDS
@WHO
def unsilence(ids: tuple[int, ...], who: str) -> None:
    """End silences now. What they held back and is still wrong is told."""
    from dsa_hcal_assets.alerts.silences import lift
    from dsa_hcal_assets.database import access

    with access.opened(load_settings()) as database:
        for number in ids:
            click.echo(f"{number} {'ended' if lift(database, number, who) else 'is unknown or had ended'}")


@alerts.command()
@click.argument("channels", metavar="[CHANNEL]...", nargs=-1)
@click.option(
    "--severity", type=click.Choice(SEVERITIES), default="info", show_default=True, help="Its severity."
)
@click.pass_context
def test(context: click.Context, channels: tuple[str, ...], severity: str) -> None:
    """Send a test through every channel that is set up, or those named, past routes and limits.

    Nothing is recorded, and no platform needs to run. Exit code 1: a channel did not take it.
    """
    from dsa_hcal_assets.alerts import Alert, Severity, notices
    from dsa_hcal_assets.alerts.outlets import Outlets

    outlets = Outlets.of(load_settings())
    unknown = sorted(set(channels) - set(outlets.channels))
    if unknown:
        raise BadInput(
            f"there is no channel {', '.join(unknown)}",
            expected=", ".join(outlets.channels) or "none is set up",
        )
    if not outlets.channels:
        click.echo("no channel is set up: alerts go to the record and the log only (docs/operations.md)")
    alert = Alert(Severity(severity), "test", "test of the alerts", f"sent by {getpass.getuser()}", "cli")
    failed = False
    for name, channel in outlets.channels.items():
        if channels and name not in channels:
            continue
        try:
            channel.deliver(notices.test(alert))
        except PlatformError as error:
            failed = True
            click.echo(f"{name}: {error}")
        else:
            click.echo(f"{name}: taken")
    if failed:
        context.exit(1)


@alerts.command("channels")
def list_channels() -> None:
    """Show what waits for each channel, when it last took something, and what is wrong with it."""
    from dsa_hcal_assets.alerts.history import channel_states
    from dsa_hcal_assets.alerts.outlets import Outlets
    from dsa_hcal_assets.database import access

    settings = load_settings()
    configured = set(Outlets.of(settings).channels)
    with access.opened(settings) as database:
        states = {one.channel: one for one in channel_states(database)}
    for name in sorted(configured | set(states)):
        one = states.get(name)
        told = "has told nothing yet" if one is None else f"{one.due} due, {one.silenced} silenced"
        last = (
            ""
            if one is None or one.last_taken_at is None
            else f", last took one at {_utc(one.last_taken_at)}"
        )
        error = "" if one is None or one.error is None else f"; {one.error}"
        gone = "" if name in configured else " (not set up any more)"
        click.echo(f"{name}{gone}: {told}{last}{error}")
    if not configured and not states:
        click.echo("no channel is set up: alerts go to the record and the log only (docs/operations.md)")


@alerts.command()
@click.option("--follow", is_flag=True, help="Go on until stopped, as the platform's service does.")
def deliver(follow: bool) -> None:
    """Tell what is due, once. The running platform does this by itself; several may do it at once."""
    from dsa_hcal_assets.alerts import delivery
    from dsa_hcal_assets.alerts.outlets import Outlets
    from dsa_hcal_assets.database import access

    settings = load_settings()
    outlets = Outlets.of(settings)
    with access.opened(settings) as database:
        if follow:
            delivery.follow(database, outlets, _stop_at_signals())
            return
        for name, done in delivery.deliver_all(database, outlets).items():
            click.echo(f"{name}: {done.notices} alerts, {done.digests} digests told; {done.failures} failed")


def _stop_at_signals() -> threading.Event:
    stop = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    return stop


def _line(found: "Found") -> str:
    entry = found.entry
    standing = [
        f"{entry.times} times" if entry.times > 1 else "",
        f"acknowledged by {entry.acknowledged_by}" if entry.acknowledged_at else "",
        f"silence {found.silence_id}" if found.silence_id is not None else "",
        f"over {_utc(entry.resolved_at)}" if entry.resolved_at else "",
    ]
    told = ", ".join(part for part in standing if part)
    alert = entry.alert
    head = f"{entry.alert_id:>6}  {_utc(alert.raised_at)}  {alert.severity.value:<8} {alert.category:<12} "
    return f"{head}{alert.title}" + (f" ({told})" if told else "")


def _silence_line(one: "Silence") -> str:
    what = {
        name: value for name, value in vars(one.matchers).items() if name != "up_to" and value is not None
    }
    shown = " ".join(f"{name}={value}" for name, value in what.items())
    end = f"ended {_utc(one.lifted_at)} by {one.lifted_by}" if one.lifted_at else f"until {_utc(one.ends_at)}"
    reason = f": {one.reason}" if one.reason else ""
    return (
        f"{one.silence_id:>6}  {shown} up to {one.matchers.up_to.value}, {end}, by {one.created_by}{reason}"
    )


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
