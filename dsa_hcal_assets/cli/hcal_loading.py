"""What `load` of every source of snapshots does: accept what landed, load a day, tell what became of it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dsa_hcal_assets.settings import Settings

if TYPE_CHECKING:
    from dsa_hcal_assets.database.connection import Database
    from dsa_hcal_assets.hcal.snapshots.load_report import LoadReport
    from dsa_hcal_assets.hcal.snapshots.source import SnapshotSource
    from dsa_hcal_assets.ledger import Ledger

C = TypeVar("C", bound=Callable[..., object])

DAY = click.argument("day", metavar="DAY", type=click.DateTime(["%Y-%m-%d"]))


def of_a_day(command: C) -> C:
    """Add what `load` takes: the UTC day, and whether all of it is loaded again."""
    everything = click.option("--everything", is_flag=True, help="Load the whole day again from its files.")
    return DAY(everything(command))


def load_landed(
    settings: Settings, source: "SnapshotSource[Any]", load_day: "Callable[[Database, Ledger], LoadReport]"
) -> None:
    """Accept what landed in the source's incoming directory, load a day by `load_day` and tell."""
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.hcal.snapshots import ingest
    from dsa_hcal_assets.ledger import Ledger

    with access.opened(settings) as database:
        ledger = Ledger(database, settings.quarantine)
        scanned = ingest.scan(settings.incoming / source.name, ledger, source)
        refused = len(scanned.quarantined) + len(scanned.conflicts)
        click.echo(f"{len(scanned.accepted)} new, {len(scanned.duplicates)} known, {refused} quarantined")
        report = load_day(database, ledger)
    click.echo(report.summary())
    for outcome in report.outcomes:
        if outcome.error is not None:
            click.echo(f"  {outcome.name}: {outcome.result}: {outcome.error['what']}")
    for board in report.rejected_boards:
        click.echo(f"  board {board} is not in the map: its data were not loaded")
