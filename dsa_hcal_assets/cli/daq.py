"""`dsa-hcal daq ...`: the acquisition framework: run, check, look, control."""

import logging
import sys
from pathlib import Path

import click

from dsa_hcal_assets.cli.daq_control import interval, log, pause, reload, resume, run_text, start, stop
from dsa_hcal_assets.cli.daq_keys import keys
from dsa_hcal_assets.cli.daq_looking import status, top
from dsa_hcal_assets.cli.daq_types import types

_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def daq() -> None:
    """Run acquisition jobs, each a process described by one TOML file.

    CONFIG_DIR holds one file a job and, if the defaults do not suit, supervisor.toml. Run directories
    (streams, logs, status, keys) are below DSA_HCAL_STATE_DIR, one a supervisor.
    """


@daq.command()
@click.argument("config_dir", type=_DIRECTORY)
@click.option("--json-log", is_flag=True, help="Log as JSON lines (for journals and containers).")
def run(config_dir: Path, json_log: bool) -> None:
    """Run all jobs of CONFIG_DIR until Ctrl-C or SIGTERM; SIGHUP reloads the files.

    A wrong file keeps its own job from running, not the others; `dsa-hcal daq check` tells beforehand.
    Jobs that end are started again. Under systemd (Type=notify) readiness and watchdog are told.
    """
    from dsa_hcal_assets.daq.jobs.logs import JsonLines
    from dsa_hcal_assets.daq.supervisor.main import Signals, supervise
    from dsa_hcal_assets.settings import load_settings

    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    handler.setFormatter(JsonLines({}) if json_log else text)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    supervise(config_dir, load_settings().state_dir, Signals())


@daq.command()
@click.argument("config_dir", type=_DIRECTORY)
def check(config_dir: Path) -> None:
    """Check every file of CONFIG_DIR and show who reads whom; exit code 1 if anything is wrong."""
    from dsa_hcal_assets.daq.supervisor.config import read_supervisor_config
    from dsa_hcal_assets.daq.supervisor.directory import read_directory
    from dsa_hcal_assets.daq.supervisor.plan import make_plan

    config = read_supervisor_config(config_dir)
    found = read_directory(config_dir)
    plan = make_plan(config, found.jobs)
    for identity, planned in plan.jobs.items():
        readers = f", read by {', '.join(planned.readers)}" if planned.readers else ""
        click.echo(f"{identity} ({planned.job.config.type}){readers}")
    problems = (*found.problems, *plan.problems)
    for problem in problems:
        click.secho(str(problem), fg="red", err=True)
    if problems:
        click.get_current_context().exit(1)


@daq.command()
@click.option("--supervisor", help="Id of the supervisor; needed if there are several.")
def sweep(supervisor: str | None) -> None:
    """Free the shared memory of a supervisor that is no more.

    Messages that a reader still wants move to disk and are read there when the supervisor runs again.
    A running supervisor's are left alone.
    """
    from dsa_hcal_assets.cli.daq_choice import chosen_run_dir
    from dsa_hcal_assets.daq.streams.configuration import StreamPlace
    from dsa_hcal_assets.daq.streams.opening import sweep as sweep_streams
    from dsa_hcal_assets.daq.supervisor.main import only_supervisor

    run_dir = chosen_run_dir(supervisor)
    with only_supervisor(run_dir):
        swept = sweep_streams(StreamPlace(run_dir))
    for one in swept:
        click.echo(str(one))
    click.echo(f"{len(swept)} streams swept in {run_dir}")


for command in (status, top, start, stop, pause, resume, interval, log, reload, run_text, keys, types):
    daq.add_command(command)
