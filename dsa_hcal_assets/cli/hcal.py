"""`dsa-hcal hcal`: the detector's steps one by one, without Dagster."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsa_hcal_assets.cli.hcal_anomalies import anomalies, gaps
from dsa_hcal_assets.cli.hcal_backfill import backfill
from dsa_hcal_assets.cli.hcal_conditions import conditions
from dsa_hcal_assets.cli.hcal_emcal import emcal
from dsa_hcal_assets.cli.hcal_loading import DAY, load_landed, of_a_day
from dsa_hcal_assets.cli.hcal_map import channel_map_group
from dsa_hcal_assets.cli.hcal_registers import registers
from dsa_hcal_assets.cli.hcal_runs import corrections, runs
from dsa_hcal_assets.cli.hcal_supplies import supplies
from dsa_hcal_assets.settings import Settings, load_settings

if TYPE_CHECKING:
    from dsa_hcal_assets.database.connection import Database
    from dsa_hcal_assets.hcal.snapshots.load_report import LoadReport
    from dsa_hcal_assets.ledger import Ledger


@click.group()
def hcal() -> None:
    """Detector steps without Dagster: accept and load snapshots, roll up, report, look at the map.

    The order of the pipeline is load, rollup, report; each may be repeated at any time.
    """


hcal.add_command(backfill)
hcal.add_command(anomalies)
hcal.add_command(gaps)
hcal.add_command(channel_map_group)
hcal.add_command(conditions)
hcal.add_command(supplies)
hcal.add_command(runs)
hcal.add_command(corrections)
hcal.add_command(emcal)
hcal.add_command(registers)


@hcal.command()
@of_a_day
def load(day: datetime, everything: bool) -> None:
    """Accept what landed in incoming/hcal and load the snapshots of a UTC day (YYYY-MM-DD)."""
    from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
    from dsa_hcal_assets.hcal.mapping.channel_map import load_channel_map
    from dsa_hcal_assets.hcal.mapping.dimensions import sync_dimensions
    from dsa_hcal_assets.hcal.towers.loading import load_day

    settings = load_settings()

    def load_towers(database: "Database", ledger: "Ledger") -> "LoadReport":
        mapping = load_channel_map(settings.hcal.channel_map_file)
        sync_dimensions(database, mapping, local_zone=settings.hcal.local_zone)
        return load_day(database, ledger, day.date(), mapping, "cli", everything)

    load_landed(settings, CONTROLLERS, load_towers)


@hcal.command()
@DAY
@click.option("--everything", is_flag=True, help="All 24 hours, not only those whose data changed.")
def rollup(day: datetime, everything: bool) -> None:
    """Bring the hourly and daily rollups of a UTC day up to date."""
    from dsa_hcal_assets.hcal import rollups

    with _opened(load_settings()) as (database, _):
        report = rollups.refresh(database, day.date(), everything=everything)
    rows = ", ".join(f"{count} {table}" for table, count in report.rows.items()) or "nothing to do"
    click.echo(f"{report.day}: {len(report.hours)} hours in {report.seconds:.2f} s: {rows}")


@hcal.command()
@DAY
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    show_default="current directory",
    help="Directory for report.html and the maps; nothing is published.",
)
def report(day: datetime, into: Path) -> None:
    """Write the QA report of a UTC day and its eta-phi maps into a directory."""
    from dsa_hcal_assets.hcal import verdicts
    from dsa_hcal_assets.hcal.anomalies import detection
    from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
    from dsa_hcal_assets.hcal.report import page as reports
    from dsa_hcal_assets.hcal.snapshots import ingest
    from dsa_hcal_assets.products import Provenance
    from dsa_hcal_assets.quality.thresholds import Thresholds

    settings, key = load_settings(), day.date().isoformat()
    with _opened(settings) as (database, ledger):
        thresholds = Thresholds.load(settings.thresholds_file)
        verdicts.judge_snapshots(database, key, thresholds)
        detection.refresh(database, key, thresholds)
        provenance = Provenance({"day": key}, ingest.day_inputs(ledger, CONTROLLERS, key))
        page = reports.build_report(database, ledger, key, thresholds, provenance)
    into.mkdir(parents=True, exist_ok=True)
    page.write(into)
    levels = [verdict.level.value for verdict in page.verdicts]
    click.echo(
        f"{into / reports.PAGE}: {levels.count('pass')} passed, {levels.count('warn')} warned, "
        f"{levels.count('fail')} failed"
    )


@contextmanager
def _opened(settings: Settings) -> "Iterator[tuple[Database, Ledger]]":
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.ledger import Ledger

    with access.opened(settings) as database:
        yield database, Ledger(database, settings.quarantine)
