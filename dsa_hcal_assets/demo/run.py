"""The demo from an empty state directory to its summary."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dsa_hcal_assets.clock import day_key, utc_now
from dsa_hcal_assets.database.access import CLUSTER
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.embedded import discard
from dsa_hcal_assets.demo import inputs, summary
from dsa_hcal_assets.demo.boards import simulated_boards
from dsa_hcal_assets.demo.expectations import Seen, Standing, expected, look
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.services.control import Stack
from dsa_hcal_assets.services.errors import AlreadyRunning
from dsa_hcal_assets.services.status import StackStatus, read_status
from dsa_hcal_assets.settings import Settings

MARKER = ".dsa-hcal-demo"
POLL_SECONDS = 10.0  # of the simulated boards; a real detector is polled every ten minutes
LOOK_SECONDS = 1.0
# A closed gate may still be lifted by a retry or a later version; after this long it counts.
BLOCKED_SECONDS = 60.0


@dataclass(frozen=True)
class Demo:
    """A running demo: what it was started with and where it can be looked at."""

    settings: Settings
    status: StackStatus
    detector_day: str

    @property
    def webserver(self) -> str:
        """Address of the Dagster UI."""
        return self.status.url("webserver")

    @property
    def api(self) -> str:
        """Address of the API."""
        return self.status.url("api")


def run_demo(settings: Settings, console: Console, *, exit_when_done: bool, minutes: float = 14.0) -> bool:
    """Run the platform on the demo's data; return whether every expected product passed its checks.

    Parameters
    ----------
    settings
        Its `state_dir` is emptied first; it must be new or that of an earlier demo.
    console
        Where progress and summary go.
    exit_when_done
        False: keep serving after the summary until interrupted.
    minutes
        After this long whatever is missing counts as missing.
    """
    state = settings.state_dir.absolute()
    clear(state)
    console.print(f"Everything of this demo is in {state}")
    with simulated_boards(state / "demo") as boards:
        detector = settings.hcal.model_copy(update={"boards_file": boards, "poll_seconds": POLL_SECONDS})
        radio = settings.radio.model_copy(update={"image_preset": "quicklook", "settle_seconds": 1.0})
        settings = settings.model_copy(update={"hcal": detector, "radio": radio})
        stack = Stack(settings)
        try:
            stack.start()
            status = stack.wait_ready()
            demo = Demo(settings, status, day_key(utc_now()))
            console.print(f"Dagster UI: {demo.webserver}    API: {demo.api}")
            seen = _follow(demo, console, time.monotonic() + 60 * minutes)
            made = [(one.kind, one.partition) for one in seen if one.standing.good]
            seconds = summary.step_seconds(demo.webserver, made)
            summary.show(console, seen, seconds, webserver=demo.webserver, api=demo.api)
            good = all(one.standing.good for one in seen)
            console.print(
                "[green]Every product passed its blocking checks.[/]" if good else "[red]Not complete.[/]"
            )
            if not exit_when_done:
                _serve(stack, console)
            return good
        finally:
            console.print("Stopping all services ...")
            stack.stop()


def clear(state: Path) -> None:
    """Empty the directory of an earlier demo, refusing any other.

    Raises
    ------
    AlreadyRunning
        If a demo runs in it.
    ConfigurationError
        If the directory holds something that no demo made.
    """
    running = read_status(state)
    if running is not None and running.alive:
        raise AlreadyRunning(f"a platform runs on {state}", remedy="stop it, or give another --state-dir")
    if state.exists() and any(state.iterdir()) and not (state / MARKER).exists():
        raise ConfigurationError(
            f"{state} holds something that is not of a demo",
            expected="a new directory, or that of an earlier demo, which is emptied",
            remedy="give another directory with --state-dir",
        )
    discard(state / CLUSTER)
    if state.exists():
        shutil.rmtree(state)
    state.mkdir(parents=True)
    (state / MARKER).write_text("made by `dsa-hcal demo`; emptied by its next start\n")


def _follow(demo: Demo, console: Console, deadline: float) -> list[Seen]:
    """Drop the data and show progress until every product stands; return how each one does."""
    scratch, incoming = demo.settings.state_dir.absolute() / "demo", demo.settings.incoming
    database = Installation(demo.settings).database
    bars = Progress(
        TextColumn("{task.description:32}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
    with bars, ThreadPoolExecutor(1) as making:
        vla_bar = bars.add_task("VLA observation of NGC 5921", total=None)
        dsa_bar = bars.add_task("simulated DSA-110 group", total=None)

        def make() -> inputs.Dropped:
            rig_day = inputs.drop_rig(incoming)
            vla = inputs.drop_vla(scratch, incoming, _shown(bars, vla_bar))
            dsa = inputs.drop_dsa(scratch, incoming, _shown(bars, dsa_bar))
            return inputs.Dropped(vla, dsa, rig_day)

        dropped = making.submit(make).result()
        wanted = expected(dropped, demo.detector_day)
        products = bars.add_task("products that passed", total=len(wanted))
        return _wait(database, wanted, bars, products, deadline)


def _wait(
    database: Database, wanted: list[tuple[str, str]], bars: Progress, bar: object, deadline: float
) -> list[Seen]:
    blocked_since: float | None = None
    while True:
        seen = look(database, wanted)
        bars.update(bar, completed=sum(one.standing.good for one in seen))  # type: ignore[arg-type]
        blocked = any(one.standing is Standing.BLOCKED for one in seen)
        blocked_since = (blocked_since or time.monotonic()) if blocked else None
        given_up = blocked_since is not None and time.monotonic() - blocked_since > BLOCKED_SECONDS
        if all(one.standing.good for one in seen) or given_up or time.monotonic() > deadline:
            return seen
        time.sleep(LOOK_SECONDS)


def _shown(bars: Progress, bar: object) -> inputs.Progress:
    return lambda done, total: bars.update(bar, completed=done, total=total)  # type: ignore[arg-type]


def _serve(stack: Stack, console: Console) -> None:
    console.print("Serving until Ctrl-C.")
    while stack.pid is not None:
        time.sleep(LOOK_SECONDS)
