"""`dsa-hcal rig ...` and `dsa-hcal simulate rig`: the rig's steps on files, without Dagster."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.settings import load_settings

if TYPE_CHECKING:
    from dsa_hcal_assets.rig.cleaning import CleanResult

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_START_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]


@click.group()
def rig() -> None:
    """Clean and summarise test-rig files without Dagster.

    A raw file is a CSV with the columns timestamp, temperature, pressure, uptime. The alert
    thresholds are settings: DSA_HCAL_RIG__TEMPERATURE_HIGH and its like (`dsa-hcal settings`).
    """


@rig.command()
@click.argument("file", type=_FILE)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: standard output."
)
def clean(file: Path, output: Path | None) -> None:
    """Clean a raw FILE: write its good readings with z-scores and alerts as CSV.

    What was dropped, and why, is told on standard error.
    """
    from dsa_hcal_assets.daq.durable_file import replace_durably
    from dsa_hcal_assets.rig.csv_text import processed_text

    result = _cleaned(file)
    text = processed_text(result.frame)
    if output is None:
        sys.stdout.buffer.write(text)
    else:
        replace_durably(output, text)
    click.echo(
        f"kept {result.kept} of {result.total} rows; dropped {result.nulls} with missing values, "
        f"{result.out_of_range} out of range, {result.duplicates} duplicates",
        err=True,
    )


@rig.command("kpis")
@click.argument("file", type=_FILE)
def show_kpis(file: Path) -> None:
    """Print the key figures of a raw FILE as JSON."""
    from dsa_hcal_assets.rig.kpis import kpis

    click.echo(json.dumps(kpis(_cleaned(file)).as_json(), indent=2))


@rig.command()
@click.argument("file", type=_FILE)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The page, one HTML file that needs nothing else.",
)
def report(file: Path, output: Path) -> None:
    """Judge a raw FILE by the quality thresholds and write its QA report as HTML.

    Exits with 1 when a blocking check fails.
    """
    from dsa_hcal_assets.daq.durable_file import replace_durably
    from dsa_hcal_assets.quality import Thresholds, judge
    from dsa_hcal_assets.rig import checks
    from dsa_hcal_assets.rig.cleaning import clean
    from dsa_hcal_assets.rig.kpis import kpis
    from dsa_hcal_assets.rig.readings import read_file
    from dsa_hcal_assets.rig.report import report as page

    settings = load_settings()
    limits = Thresholds.load(settings.thresholds_file)
    raw = read_file(file)
    result = clean(raw.frame, settings.rig)
    figures = kpis(result)
    verdicts = [
        *judge("rig_kpis", checks.kpi_metrics(figures, result), limits),
        *judge("rig_clean", checks.clean_metrics(result), limits),
        *judge("rig_readings", checks.readings_metrics(raw.frame), limits),
    ]
    origin = {
        "inputs": [{"name": file.name, "checksum": raw.digest}],
        "parameters": settings.rig.model_dump(),
    }
    text = page(", ".join(raw.days), verdicts, result, figures, settings.rig, origin)
    replace_durably(output, text.encode())
    stopped = [verdict for verdict in verdicts if verdict.stops]
    for verdict in stopped:
        click.echo(f"{verdict.stage}.{verdict.metric} = {verdict.value:g} ({verdict.limit})", err=True)
    if stopped:
        raise click.exceptions.Exit(1)


@click.command("rig")
@click.option(
    "--start",
    type=click.DateTime(_START_FORMATS),
    help="First reading, UTC.  [default: today, 00:00]",
)
@click.option("--rows", type=click.IntRange(min=1), help="Readings.  [default: the setting, 100]")
@click.option(
    "--step-minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="Time between readings.  [default: the setting, 6]",
)
@click.option("--seed", default=0, show_default=True, help="Of noise and anomalies.")
@click.option(
    "--anomalies", type=click.FloatRange(0, 1), default=0.05, show_default=True, help="Share of the readings."
)
@click.option(
    "-d",
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the files land.  [default: the rig's incoming directory]",
)
def simulate_rig(
    start: datetime | None,
    rows: int | None,
    step_minutes: float | None,
    seed: int,
    anomalies: float,
    directory: Path | None,
) -> None:
    """Make rig files that look real: daily curves, noise and anomalies.

    One file a UTC day; each appears whole. The same options make the same files.
    """
    from dsa_hcal_assets.rig.acquisition import acquire
    from dsa_hcal_assets.simulation.rig import simulate

    settings = load_settings()
    today = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    readings = simulate(
        start.replace(tzinfo=UTC) if start else today,
        rows=rows or settings.rig.rows,
        step_minutes=step_minutes or settings.rig.step_minutes,
        seed=seed,
        anomalies=anomalies,
    )
    for path in acquire(readings, directory or settings.incoming / "rig"):
        click.echo(path)


def _cleaned(file: Path) -> "CleanResult":
    from dsa_hcal_assets.rig.cleaning import clean
    from dsa_hcal_assets.rig.readings import read_file

    return clean(read_file(file).frame, load_settings().rig)
