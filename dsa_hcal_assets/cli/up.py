"""`dsa-hcal up`: the platform on this machine, until Ctrl-C."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table

from dsa_hcal_assets.services import Stack, StackStatus
from dsa_hcal_assets.services.status import State
from dsa_hcal_assets.settings import load_settings

_COLOURS = {
    State.READY: "green",
    State.DONE: "green",
    State.STARTING: "yellow",
    State.WAITING: "dim",
    State.STOPPED: "dim",
}


@click.command()
@click.option(
    "--wait-seconds", default=300.0, show_default=True, help="How long services may take to be ready."
)
def up(wait_seconds: float) -> None:
    """Start the platform on your own directories and keep it running until Ctrl-C.

    Starts the database (unless DSA_HCAL_DATABASE_URL names one), the Dagster UI and its daemon, the
    API, the worker processes, and acquisition jobs when DSA_HCAL_HCAL__BOARDS_FILE,
    DSA_HCAL_RIG__LOG_FILE or DSA_HCAL_DAQ__JOBS_DIR is set. What ends by itself is started again;
    Ctrl-C stops everything in order. `dsa-hcal doctor` checks the machine beforehand.
    """
    with _interrupts():
        _run(Stack(load_settings()), Console(), wait_seconds)


def table(status: StackStatus) -> Table:
    """Return the services as a table for a terminal."""
    shown = Table("service", "state", "address", "restarts", "detail")
    for service in status.services.values():
        colour = _COLOURS.get(service.state, "red")
        shown.add_row(
            service.name,
            f"[{colour}]{service.state.value}[/]",
            service.url or (f"port {service.port}" if service.port else ""),
            str(service.restarts or ""),
            service.detail.replace("[", r"\["),
        )
    return shown


def _run(stack: Stack, console: Console, wait_seconds: float) -> None:
    try:
        console.print(f"Starting the platform on {stack.settings.state_dir.absolute()}")
        stack.start()
        with Live(console=console, refresh_per_second=4) as live:
            ready = stack.wait_ready(wait_seconds, progress=lambda found: live.update(table(found)))
            live.update(table(ready))
        for service in ready.services.values():
            if service.url:
                console.print(f"{service.name}: {service.url}", style="bold")
        console.print(
            f"Drop data into {stack.settings.incoming}; logs are in {stack.settings.logs}. Ctrl-C stops."
        )
        _follow(stack, console)
    except KeyboardInterrupt:
        console.print("Stopping ...")
    finally:
        stack.stop()


def _follow(stack: Stack, console: Console) -> None:
    """Tell what changes until the supervisor ends or somebody interrupts."""
    states: dict[str, State] = {}
    while stack.pid is not None:
        found = stack.status()
        for service in () if found is None else found.services.values():
            if states.get(service.name, State.READY) is not service.state and service.state is not State.DONE:
                moment = time.strftime("%H:%M:%S")
                console.print(
                    f"{moment} {service.name}: {service.state.value} {service.detail}", markup=False
                )
            states[service.name] = service.state
        time.sleep(0.5)
    raise click.ClickException(f"the supervisor ended; see {stack.log}")


@contextmanager
def _interrupts() -> Iterator[None]:
    """Let SIGTERM and SIGHUP stop in order too, and SIGINT even where a script's "&" had it ignored."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
