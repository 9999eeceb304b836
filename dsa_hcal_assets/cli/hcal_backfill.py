"""`dsa-hcal hcal backfill`: months or years of snapshot files in one go."""

import click

from dsa_hcal_assets.settings import load_settings


@click.command()
@click.option("--rollups/--no-rollups", default=True, help="Roll up the days that were loaded (default).")
def backfill(rollups: bool) -> None:
    """Load every snapshot file of incoming/hcal that is not loaded yet, in order of time.

    For files of a long outage or of years past: as `load` and `rollup` for each day, in one process and
    without a run of Dagster a day. The platform may run meanwhile; the reports of the days follow from
    it by themselves. Stopped or killed, it goes on where it was when started again.
    """
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.hcal import rollups as summaries
    from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
    from dsa_hcal_assets.hcal.mapping import channel_map, dimensions
    from dsa_hcal_assets.hcal.snapshots import backfill as portions
    from dsa_hcal_assets.hcal.snapshots import loading
    from dsa_hcal_assets.hcal.snapshots.load_report import LoadReport
    from dsa_hcal_assets.hcal.towers.snapshot_tables import TowerTables
    from dsa_hcal_assets.ledger import Ledger

    settings = load_settings()
    mapping = channel_map.load_channel_map(settings.hcal.channel_map_file)
    tables = TowerTables(mapping)
    with access.opened(settings) as database:
        ledger = Ledger(database, settings.quarantine)
        dimensions.sync_dimensions(database, mapping, local_zone=settings.hcal.local_zone)

        def load(day: str) -> LoadReport:
            report = loading.load_day(database, ledger, CONTROLLERS, tables, day, "backfill")
            if rollups:
                summaries.refresh(database, day)
            return report

        for portion in portions.backfill(settings.incoming / "hcal", ledger, CONTROLLERS, load):
            scanned = portion.scanned
            click.echo(
                f"{len(scanned.accepted)} new, {len(scanned.duplicates)} known, "
                f"{len(scanned.quarantined) + len(scanned.conflicts)} quarantined, {scanned.remaining} left"
            )
            for report in portion.loaded:
                click.echo(report.summary())
