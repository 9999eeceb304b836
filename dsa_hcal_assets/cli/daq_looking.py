"""`dsa-hcal daq status` and `top`: how the jobs are."""

import sys
import time
from typing import TYPE_CHECKING

import click

from dsa_hcal_assets.cli.daq_choice import chosen_run_dir, connected

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from dsa_hcal_assets.daq.control.client import ControlClient
    from dsa_hcal_assets.daq.supervisor.status import SupervisorStatus

NOT_WELL, NOT_RUNNING = 2, 3


@click.command()
@click.option("--supervisor", help="Id of the supervisor; needed if there are several.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "prometheus"]),
    default="table",
    show_default=True,
    help="How to show it.",
)
def status(supervisor: str | None, form: str) -> None:
    """Show every job of a supervisor of this machine.

    Exit code 0: all is well; 2: a job does not run, or a file is wrong; 3: the supervisor does not run.
    """
    from dsa_hcal_assets.daq.supervisor.status import as_json, as_prometheus, read_status

    found = read_status(chosen_run_dir(supervisor))
    if found is None:
        raise click.ClickException("the supervisor has not written its status yet")
    if form == "json":
        click.echo(as_json(found))
    elif form == "prometheus":
        click.echo(as_prometheus(found), nl=False)
    else:
        console = _console()
        console.print(status_table(found))
        for problem in found.problems:
            console.print(problem, style="red", markup=False, soft_wrap=True)
        if not found.alive:
            console.print("This supervisor has ended; that was its last status.", style="red")
    if not found.alive:
        click.get_current_context().exit(NOT_RUNNING)
    if not found.well:
        click.get_current_context().exit(NOT_WELL)


@click.command()
@connected
@click.option("--every", default=1.0, show_default=True, help="Seconds between two looks.")
@click.option("--once", is_flag=True, help="Show it once and end.")
def top(client: "ControlClient", every: float, once: bool) -> None:
    """Watch the jobs of a supervisor live: rates, latencies, what waits and what was lost."""
    from rich.live import Live

    from dsa_hcal_assets.cli.daq_rates import Rates

    rates = Rates()
    rates.look(client.status())
    with Live(console=_console(), auto_refresh=False) as live:
        while True:
            time.sleep(every)
            now = client.status()
            rates.look(now)
            live.update(rates.table(now), refresh=True)
            if once:
                return


def _console() -> "Console":
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160)


_COLOURS = {"running": "green", "paused": "yellow", "done": "green", "stopped": "dim", "waiting": "dim"}


def status_table(found: "SupervisorStatus") -> "Table":
    """Return the jobs as a table for a terminal."""
    from rich.markup import escape
    from rich.table import Table

    shown = Table("job", "type", "state", "pid", "interval", "restarts", "memory", "detail",
                  title=f"{found.supervisor}, {found.written_at[:19]} UTC", title_justify="left")  # fmt: skip
    for job in found.jobs:
        colour = _COLOURS.get(job.state.value, "red")
        shown.add_row(
            escape(job.id),
            escape(job.type.rpartition(":")[2]),
            f"[{colour}]{job.state.value}[/]",
            str(job.pid or ""),
            f"{job.interval:g} s",
            str(job.restarts or ""),
            "" if job.memory is None else f"{job.memory / 1e6:.0f} MB",
            escape(job.detail),
        )
    return shown
