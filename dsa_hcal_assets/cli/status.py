"""`dsa-hcal status`: what runs, what arrived, what was made, what is wrong."""

import sys
from typing import TYPE_CHECKING

import click

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.settings import Settings, load_settings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from dsa_hcal_assets.alerts.record import Entry
    from dsa_hcal_assets.services.status import StackStatus
    from dsa_hcal_assets.web.status import Status

NOT_SERVING = 2
SEVERITY_COLOURS = {"critical": "red", "error": "red", "warning": "yellow"}


@click.command()
@click.option(
    "--alerts", "most_alerts", type=click.IntRange(min=0), default=10, show_default=True, help="Most to show."
)
def status(most_alerts: int) -> None:
    """Show services, ledger balance, products by kind and open alerts.

    Also answers when no platform runs: the database is then started for this command alone. Exit
    code 0: every service is ready; 2: no platform runs, or a service is not ready.
    """
    from rich.console import Console

    settings = load_settings()
    console = Console(width=None if sys.stdout.isatty() else 160)
    serving = _show_services(settings, console)
    _show_database(settings, console, most_alerts)
    if not serving:
        click.get_current_context().exit(NOT_SERVING)


def _show_services(settings: Settings, console: "Console") -> bool:
    from dsa_hcal_assets.cli.up import table
    from dsa_hcal_assets.services.status import read_status

    state = settings.state_dir.absolute()
    found = read_status(state)
    if found is None or not found.alive:
        ended = "" if found is None else " The last one has ended."
        console.print(f"No platform runs on {state}.{ended} `dsa-hcal up` starts one.", soft_wrap=True)
        return False
    console.print(f"The platform runs on {state}:", soft_wrap=True)
    console.print(table(found))
    waiting = _not_ready(found)
    if waiting:
        console.print(f"Not ready: {', '.join(waiting)}.", soft_wrap=True)
    return not waiting


def _not_ready(found: "StackStatus") -> list[str]:
    return [service.name for service in found.services.values() if not service.ready]


def _show_database(settings: Settings, console: "Console", most_alerts: int) -> None:
    from dsa_hcal_assets.alerts.record import open_alerts
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.database.migrations import status as migrations
    from dsa_hcal_assets.web.status import read_status

    try:
        with access.opened(settings) as database:
            if any(one.applied_at is None for one in migrations(database)):
                console.print("The database waits for migrations: `dsa-hcal db migrate` applies them.")
                return
            numbers, alerts = read_status(database), open_alerts(database, most_alerts)
    except ConfigurationError as error:
        console.print(f"{error.what[:1].upper()}{error.what[1:]}: nothing has arrived yet.", soft_wrap=True)
        return
    console.print(_ledger(numbers), _products(numbers))
    console.print(_sentences(numbers), soft_wrap=True, markup=False)
    if alerts:
        console.print(_alerts(alerts))


def _ledger(numbers: "Status") -> "Table":
    from rich.table import Table

    states = ("accepted", "loaded", "quarantined", "pending")
    shown = Table("source", *states, title="Ledger", title_justify="left")
    for source, counts in numbers.ledger.items():
        shown.add_row(source, *(str(counts[state]) for state in states))
    return shown


def _products(numbers: "Status") -> "Table":
    from rich.table import Table

    shown = Table("kind", "current", "newest (UTC)", title="Products", title_justify="left")
    for kind, values in numbers.products.items():
        shown.add_row(kind, str(values["current"]), f"{values['newest']:%Y-%m-%d %H:%M:%S}")
    return shown


def _sentences(numbers: "Status") -> str:
    verdicts, total = numbers.verdicts, sum(numbers.alerts.values())
    told = [
        (
            f"Checks of the last day on current products: {verdicts['pass']} passed, "
            f"{verdicts['warn']} warned, {verdicts['fail']} failed. "
            f"Of all there are, {verdicts['blocking_failed']} stop what is downstream."
        )
    ]
    if any(numbers.groups.values()):
        groups = ", ".join(f"{count} {state}" for state, count in numbers.groups.items() if count)
        told.append(f"Observation groups: {groups}.")
    if numbers.snapshot_age_seconds is not None:
        told.append(f"Newest detector snapshot: {numbers.snapshot_age_seconds:.0f} s ago.")
    told.append(f"Open alerts: {total}." if total else "No open alerts.")
    return "\n".join(told)


def _alerts(alerts: "list[Entry]") -> "Table":
    from rich.markup import escape
    from rich.table import Table

    shown = Table("since (UTC)", "severity", "source", "what", title="Open alerts", title_justify="left")
    for one in alerts:
        colour = SEVERITY_COLOURS.get(one.alert.severity.value, "dim")
        shown.add_row(
            f"{one.alert.raised_at:%Y-%m-%d %H:%M:%S}",
            f"[{colour}]{one.alert.severity.value}[/]",
            escape(one.alert.source),
            escape(one.alert.title),
        )
    return shown
