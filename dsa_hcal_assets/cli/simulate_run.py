"""`dsa-hcal simulate detector-run`: LED and pedestal runs with truth."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.settings import load_settings


@click.command("detector-run")
@click.option(
    "--kind", type=click.Choice(["led", "pedestal"]), default="led", show_default=True, help="Its kind."
)
@click.option("--run", "run_number", type=click.IntRange(min=0), required=True, help="Its number.")
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"]),
    help="Begin, UTC.  [default: ten minutes ago]",
)
@click.option("--events", type=click.IntRange(min=1), default=1000, show_default=True, help="How many.")
@click.option(
    "--contents",
    type=click.Choice(["waveforms", "amplitudes"]),
    default="waveforms",
    show_default=True,
    help="What is kept of them.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["hdf5", "root"]),
    default="hdf5",
    show_default=True,
    help="Of the file.",
)
@click.option(
    "--seed", default=0, show_default=True, help="Of the detector: the same one has the same towers."
)
@click.option(
    "-d",
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the file lands.  [default: incoming/runs]",
)
def simulate_detector_run(
    kind: str,
    run_number: int,
    start: datetime | None,
    events: int,
    contents: str,
    form: str,
    seed: int,
    directory: Path | None,
) -> None:
    """Make an LED or pedestal run of a detector whose gains drift since 2026-01-01, with some bad towers."""
    from dsa_hcal_assets.simulation.detector_runs.runs import SimulatedRun
    from dsa_hcal_assets.simulation.detector_runs.truth import DetectorTruth
    from dsa_hcal_assets.simulation.detector_runs.writing import write_run

    begin = start.replace(tzinfo=UTC) if start else utc_now().replace(microsecond=0) - timedelta(minutes=10)
    run = SimulatedRun(DetectorTruth(seed), run_number, kind, begin, events, contents=contents)
    click.echo(write_run(directory or load_settings().incoming / "runs", run, form))
