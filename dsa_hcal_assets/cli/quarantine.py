"""`dsa-hcal quarantine`: what was refused, why, and the way back."""

from typing import TYPE_CHECKING

import click

from dsa_hcal_assets.settings import load_settings

if TYPE_CHECKING:
    from dsa_hcal_assets.ledger import Arrival


@click.group()
def quarantine() -> None:
    """List and release files the platform could not use.

    A quarantined file keeps its bytes under <state>/quarantine/<source>/<day>/, with the reason and
    the remedy beside it as <name>.reason.json.
    """


@quarantine.command("list")
@click.option("--source", help="Only files of this source (uvh5, hcal, rig).")
@click.option("--details", is_flag=True, help="Show expectation, finding, remedy and place of each file.")
def list_quarantined(source: str | None, details: bool) -> None:
    """List what is in quarantine, oldest first: id, source, name and what happened."""
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.ledger import Ledger

    settings = load_settings()
    with access.opened(settings) as database:
        arrivals = Ledger(database, settings.quarantine).quarantined()
    arrivals = [arrival for arrival in arrivals if source in (None, arrival.source)]
    for arrival in arrivals:
        _show(arrival, details)
    click.echo(f"{len(arrivals)} in quarantine" if arrivals else "nothing is in quarantine")


@quarantine.command()
@click.argument("arrival_ids", metavar="ID...", type=int, nargs=-1, required=True)
def release(arrival_ids: tuple[int, ...]) -> None:
    """Put files back into incoming, to be tried again. The ids are those `list` shows.

    Mend the cause first: a file that still cannot be used comes back here.
    """
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.ledger import Ledger

    settings = load_settings()
    with access.opened(settings) as database:
        ledger = Ledger(database, settings.quarantine)
        for arrival_id in arrival_ids:
            arrival = ledger.release(arrival_id)
            click.echo(f"{arrival_id} {arrival.name} is pending again at {arrival.path}")


def _show(arrival: "Arrival", details: bool) -> None:
    reason = arrival.reason or {}
    click.echo(f"{arrival.arrival_id:>6}  {arrival.source:<6} {arrival.name}  {reason.get('what', '')}")
    if details:
        for label in ("expected", "found", "remedy"):
            if reason.get(label):
                click.echo(f"        {label}: {reason[label]}")
        click.echo(f"        kept: {arrival.path}")
