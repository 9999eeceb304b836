"""`dsa-hcal daq start|stop|pause|resume|interval|log|reload|run-job`: orders to a running supervisor."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsa_hcal_assets.cli.daq_choice import connected

if TYPE_CHECKING:
    from dsa_hcal_assets.daq.control.client import ControlClient


@click.command()
@connected
@click.argument("job")
def start(client: "ControlClient", job: str) -> None:
    """Start JOB, which is stopped, done, or waits after failures."""
    from dsa_hcal_assets.daq.control.requests import StartJob

    click.echo(client.ask(StartJob(job)))


@click.command()
@connected
@click.argument("job")
def stop(client: "ControlClient", job: str) -> None:
    """End JOB in order; it stays ended until it is started."""
    from dsa_hcal_assets.daq.control.requests import StopJob

    click.echo(client.ask(StopJob(job)))


@click.command()
@connected
@click.argument("job")
def pause(client: "ControlClient", job: str) -> None:
    """Have JOB make no steps and take no messages until `resume`."""
    from dsa_hcal_assets.daq.control.requests import PauseJob

    click.echo(client.ask(PauseJob(job)))


@click.command()
@connected
@click.argument("job")
def resume(client: "ControlClient", job: str) -> None:
    """Have a paused JOB go on."""
    from dsa_hcal_assets.daq.control.requests import ResumeJob

    click.echo(client.ask(ResumeJob(job)))


@click.command()
@connected
@click.argument("job")
@click.argument("duration")
def interval(client: "ControlClient", job: str, duration: str) -> None:
    """Have JOB make a step each DURATION (250ms, 30s, 5m), until its file changes."""
    from dsa_hcal_assets.daq.control.requests import SetJobInterval
    from dsa_hcal_assets.daq.jobs.durations import seconds_of

    try:
        seconds = seconds_of(duration)
    except ValueError as error:
        raise click.BadParameter(f"{duration!r} is not {error}", param_hint="DURATION") from error
    click.echo(client.ask(SetJobInterval(job, seconds)))


@click.command()
@connected
@click.argument("job")
@click.option("-n", "--lines", default=50, show_default=True, type=click.IntRange(1, 1000), help="How many.")
@click.option("--json", "as_json", is_flag=True, help="The records as they are, JSON lines.")
def log(client: "ControlClient", job: str, lines: int, as_json: bool) -> None:
    """Show the last lines of JOB's log."""
    from dsa_hcal_assets.daq.control.requests import FetchLog

    found = client.ask(FetchLog(job, lines))
    for line in found if isinstance(found, list) else ():
        click.echo(line if as_json else _readable(str(line)))


@click.command()
@connected
def reload(client: "ControlClient") -> None:
    """Read the configuration again; only jobs whose files changed are started anew."""
    from dsa_hcal_assets.daq.control.requests import Reload

    changes = client.ask(Reload())
    for change in changes if isinstance(changes, list) and changes else ("no changes",):
        click.echo(change)
    for problem in client.status().problems:
        click.secho(problem, fg="red", err=True)


@click.command("run-job")
@connected
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def run_text(client: "ControlClient", file: Path) -> None:
    """Run the job of a TOML FILE that is not in the configuration, until the supervisor ends."""
    from dsa_hcal_assets.daq.control.requests import RunJob
    from dsa_hcal_assets.daq.jobs.files import read_file

    click.echo(client.ask(RunJob(read_file(file))))


def _readable(line: str) -> str:
    try:
        record = json.loads(line)
    except ValueError:
        # cut in the middle when its process was killed
        return line
    text = f"{record.get('time')} {record.get('level')} {record.get('logger')}: {record.get('message')}"
    return f"{text}\n{record['exception']}" if "exception" in record else text
