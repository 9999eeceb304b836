"""`dsa-hcal alerts test`, `channels`, `deliver`: whether anybody hears it."""

import getpass
import signal
import threading
from types import FrameType

import click

from dsa_hcal_assets.cli.alert_words import utc
from dsa_hcal_assets.errors import BadInput, PlatformError
from dsa_hcal_assets.settings import load_settings
from dsa_hcal_assets.settings.alerts import SEVERITIES


@click.command()
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


@click.command("channels")
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
            "" if one is None or one.last_taken_at is None else f", last took one at {utc(one.last_taken_at)}"
        )
        error = "" if one is None or one.error is None else f"; {one.error}"
        gone = "" if name in configured else " (not set up any more)"
        click.echo(f"{name}{gone}: {told}{last}{error}")
    if not configured and not states:
        click.echo("no channel is set up: alerts go to the record and the log only (docs/operations.md)")


@click.command()
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
