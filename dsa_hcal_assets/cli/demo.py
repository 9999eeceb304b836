"""`dsa-hcal demo`: the whole platform on real and simulated data."""

import signal
import sys
from pathlib import Path
from types import FrameType

import click

STATE_DIR = Path("state") / "demo"


@click.command()
@click.option(
    "--exit", "exit_when_done", is_flag=True, help="End after the summary; exit code 0 when all passed."
)
@click.option(
    "--state-dir",
    type=click.Path(path_type=Path),
    default=STATE_DIR,
    show_default=True,
    help="Holds everything of the demo; emptied first, unless no demo made it.",
)
@click.option("--minutes", default=14.0, show_default=True, help="Give up after this long.")
def demo(exit_when_done: bool, state_dir: Path, minutes: float) -> None:
    """Run the whole platform on real and simulated data, with a summary and links.

    Starts the database, Dagster, API and 16 simulated detector boards, drops a real VLA observation, a
    simulated DSA-110 group and rig readings into the incoming directories, and waits until every
    product has passed its checks. Keeps serving until Ctrl-C unless --exit is given.
    """
    from rich.console import Console

    from dsa_hcal_assets.demo.run import run_demo
    from dsa_hcal_assets.settings import load_settings

    signal.signal(signal.SIGTERM, _interrupt)
    console = Console(width=None if sys.stdout.isatty() else 160)
    settings = load_settings().model_copy(update={"state_dir": state_dir.absolute(), **_free_ports()})
    try:
        good = run_demo(settings, console, exit_when_done=exit_when_done, minutes=minutes)
    except KeyboardInterrupt:
        # how one that serves is ended; one that should end by itself has not come to its verdict
        sys.exit(130 if exit_when_done else 0)
    sys.exit(0 if good else 1)


def _free_ports() -> dict[str, int]:
    # The usual ports when they are free, so that links stay the same; others beside a running platform.
    from dsa_hcal_assets.services.errors import PortBusy
    from dsa_hcal_assets.services.ports import resolve
    from dsa_hcal_assets.settings import Settings

    chosen = {}
    for name in ("api_port", "webserver_port", "database_port"):
        wanted = getattr(Settings(), name)
        try:
            chosen[name] = resolve(wanted, host="127.0.0.1", purpose=name, variable=name)
        except PortBusy:
            chosen[name] = 0
    return chosen


def _interrupt(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
    raise KeyboardInterrupt
