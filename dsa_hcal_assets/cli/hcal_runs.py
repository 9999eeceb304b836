"""`dsa-hcal hcal runs`, `dsa-hcal hcal corrections`: runs and what follows from them, without Dagster."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsa_hcal_assets.cli.hcal_loading import DAY
from dsa_hcal_assets.settings import load_settings

if TYPE_CHECKING:
    from dsa_hcal_assets.hcal.analysis_runs.run_contents import Kind

_RUN = click.argument("run_number", metavar="RUN", type=click.IntRange(min=0))


@click.group()
def runs() -> None:
    """LED and pedestal runs: look at a file, analyse a run, list what was analysed."""


@runs.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def show(file: Path) -> None:
    """Check a run FILE and show what is in it; nothing is stored."""
    from dsa_hcal_assets.hcal.analysis_runs.run_file import open_run

    with open_run(file) as run:
        header = run.header
        click.echo(f"run {header.run_number}, part {header.part}: {header.kind}, {run.contents}")
        click.echo(f"from {header.started_at.isoformat()} to {header.ended_at.isoformat()}")
        click.echo(f"{run.events} events of {len(run.tower_id)} towers, {run.samples} samples each")
        click.echo("PIN diodes in the file" if run.light is not None else "no PIN diodes in the file")


@runs.command()
@_RUN
def analyse(run_number: int) -> None:
    """Accept what landed in incoming/runs and analyse a run: its tables, verdicts and bad channels.

    Exits with 1 when a blocking check fails; the run is stored all the same and used by nobody.
    """
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.hcal.analysis_runs import ingest, run_metrics, run_tables
    from dsa_hcal_assets.hcal.analysis_runs.analysis import analyse_run
    from dsa_hcal_assets.hcal.corrections import bad_channels
    from dsa_hcal_assets.ledger import Ledger
    from dsa_hcal_assets.quality.judging import judge
    from dsa_hcal_assets.quality.thresholds import Thresholds
    from dsa_hcal_assets.quality.verdicts import gate

    settings = load_settings()
    thresholds = Thresholds.load(settings.thresholds_file)
    with access.opened(settings) as database:
        ledger = Ledger(database, settings.quarantine)
        ingest.scan(settings.incoming / ingest.SOURCE, ledger, settings.runs.settle_seconds)
        run = analyse_run(database, ledger, str(run_number), settings.runs, "cli")
        verdicts = judge(run_metrics.stage(run), run_metrics.metrics(run), thresholds)
        run_tables.judged(database, run_number, gate(verdicts))
        bad_channels.update_from_runs(database, run.kind)
    click.echo(f"{run.kind} run {run_number}: {run.events} events, {len(run.towers)} towers")
    for verdict in verdicts:
        click.echo(f"  {verdict.level.value}  {verdict.metric} = {verdict.value:g}  {verdict.detail}")
    if any(verdict.stops for verdict in verdicts):
        raise click.exceptions.Exit(1)


@runs.command("list")
@click.option("--kind", type=click.Choice(["led", "pedestal"]), help="Only these.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Newest runs shown.")
def list_command(kind: "Kind | None", limit: int) -> None:
    """List the runs that were analysed, newest first."""
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.hcal.analysis_runs import run_tables

    with access.opened(load_settings()) as database:
        found = run_tables.stored_runs(database, kind, limit)
    for run in found:
        click.echo(
            f"{run.run_number:>8}  {run.kind:<8}  {run.started_at:%Y-%m-%d %H:%M}  {run.events} events  "
            f"{run.towers} towers  {run.level or 'not judged'}"
        )
    if not found:
        click.echo("no run was analysed")


@runs.command()
@click.argument("run_numbers", metavar="RUN...", type=click.IntRange(min=0), nargs=-1, required=True)
def restore(run_numbers: tuple[int, ...]) -> None:
    """Put runs whose keys left the Dagster UI back, so that they can be analysed again there."""
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.orchestration.partitions import RUN_SET
    from dsa_hcal_assets.orchestration.storage import opened_instance

    with access.opened(load_settings()) as database, opened_instance(database.url) as instance:
        instance.add_dynamic_partitions(RUN_SET, [str(number) for number in run_numbers])
    click.echo(f"{len(run_numbers)} runs are live")


@click.group()
def corrections() -> None:
    """Gain corrections of towers, and channels that must not be trusted."""


@corrections.command()
@DAY
def make(day: datetime) -> None:
    """Make and judge the gain corrections of a UTC day (YYYY-MM-DD), as a new set.

    Unlike the asset it does not ask whether the day passed its own checks. Exits with 1 when a
    blocking check fails; the set is stored all the same and used by nobody.
    """
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.hcal.corrections import bad_channels, correcting, correction_metrics
    from dsa_hcal_assets.quality.judging import judge
    from dsa_hcal_assets.quality.thresholds import Thresholds
    from dsa_hcal_assets.quality.verdicts import gate

    settings, key = load_settings(), day.date().isoformat()
    thresholds = Thresholds.load(settings.thresholds_file)
    with access.opened(settings) as database:
        bad_channels.update_from_temperatures(database, key, settings.corrections)
        made = correcting.correct_day(database, key, settings.corrections)
        number = correcting.store(database, made, "cli")
        metrics = correction_metrics.correction_metrics(database, made)
        verdicts = judge("gain_corrections", metrics, thresholds)
        correcting.judged(database, number, gate(verdicts))
    click.echo(
        f"set {number} of {key}: {len(made.rows)} rows, reference run {made.parameters['reference_run']}"
    )
    for verdict in verdicts:
        click.echo(f"  {verdict.level.value}  {verdict.metric} = {verdict.value:g}  {verdict.detail}")
    if any(verdict.stops for verdict in verdicts):
        raise click.exceptions.Exit(1)


@corrections.command("bad-channels")
@click.option("--at", "moment", type=click.DateTime(), help="Time (UTC); default: now.")
def bad_channels_command(moment: datetime | None) -> None:
    """List the towers that are bad at a time, with severity (1: with care, 2: not usable) and reasons."""
    from dsa_hcal_assets.clock import utc_now
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.hcal.corrections import bad_channels

    at = moment.replace(tzinfo=UTC) if moment else utc_now()
    with access.opened(load_settings()) as database:
        found = bad_channels.bad_channels_at(database, at)
    for one in found:
        click.echo(f"{one.tower_id:>6}  {one.severity}  {' '.join(one.reasons)}")
    click.echo(f"{len(found)} bad channels at {at:%Y-%m-%d %H:%M} UTC")
