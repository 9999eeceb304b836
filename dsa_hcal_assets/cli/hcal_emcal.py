"""`dsa-hcal hcal emcal`: the electromagnetic calorimeter without supervisor and without Dagster."""

from datetime import UTC, datetime
from pathlib import Path

import click

from dsa_hcal_assets.cli.hcal_loading import load_landed, of_a_day
from dsa_hcal_assets.clock import day_key, utc_now
from dsa_hcal_assets.settings import load_settings

_FILE = click.Path(dir_okay=False, path_type=Path)
_DIRECTORY = click.Path(file_okay=False, path_type=Path)


@click.group()
def emcal() -> None:
    """EMCal: poll its interface boards, load what they said, look at their map."""


@emcal.command()
@click.option(
    "--controllers",
    "controllers_file",
    type=_FILE,
    required=True,
    help="TOML file with one [[controller]] table (id, host, port, channels) each.",
)
@click.option(
    "--into",
    type=_DIRECTORY,
    help="Incoming directory; files go to its subdirectory emcal.  [setting: DSA_HCAL_INCOMING_DIR]",
)
@click.option(
    "--every",
    type=click.FloatRange(min=0, min_open=True),
    default=600.0,
    show_default=True,
    help="Seconds between the starts of two cycles.",
)
@click.option("--cycles", type=click.IntRange(min=1), help="End after this many snapshots; default: go on.")
def acquire(controllers_file: Path, into: Path | None, every: float, cycles: int | None) -> None:
    """Poll all interface boards at a set cadence; write one snapshot file a cycle.

    Only reads: no command that sets anything can be sent. For years, run the acquisition job
    `emcal_boards` instead, which a supervisor watches.

    \b
    To try it without hardware, in two terminals:
      dsa-hcal simulate emcal --controllers-file controllers.toml
      dsa-hcal hcal emcal acquire --controllers controllers.toml --every 10
    """  # noqa: D301  (click wants the real \b)
    import asyncio
    from dataclasses import replace

    from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
    from dsa_hcal_assets.hcal.acquisition.job import take_cycles
    from dsa_hcal_assets.hcal.acquisition.run_number import UNKNOWN, read_run_number
    from dsa_hcal_assets.hcal.emcal.controllers import read_controllers
    from dsa_hcal_assets.hcal.emcal.polling import emcal_polling

    settings = load_settings()
    directory = (into or settings.incoming) / "emcal"
    run_file = settings.hcal.run_number_file
    deadlines = replace(Deadlines.of(settings.hcal), board=min(settings.hcal.board_seconds, 0.9 * every))
    opening = emcal_polling(read_controllers(controllers_file), directory, deadlines)
    summary = asyncio.run(
        take_cycles(
            opening,
            period=every,
            cycles=cycles,
            run_number=lambda: UNKNOWN if run_file is None else read_run_number(run_file),
        )
    )
    click.echo(f"{summary.cycles} snapshots taken, {summary.written} written to {directory}")


@emcal.command()
@of_a_day
def load(day: datetime, everything: bool) -> None:
    """Accept what landed in incoming/emcal and load the snapshots of a UTC day (YYYY-MM-DD)."""
    from dsa_hcal_assets.hcal.emcal.snapshot import EMCAL
    from dsa_hcal_assets.hcal.emcal.tables import configured_tables, load_day

    settings = load_settings()
    load_landed(
        settings,
        EMCAL,
        lambda database, ledger: load_day(
            database, ledger, day.date(), configured_tables(settings.hcal), "cli", everything
        ),
    )


@emcal.group("map")
def board_map_group() -> None:
    """The board map (which interface board sits where) and the layout of a board's replies."""


@board_map_group.command()
@click.option("--at", "moment", type=click.DateTime(), help="Time (UTC); default: now.")
@click.option("--file", "path", type=_FILE, help="Map to show instead.")
def show(moment: datetime | None, path: Path | None) -> None:
    """Check map and layout and show the boards behind each controller."""
    from dsa_hcal_assets.hcal.emcal.board_layout import load_board_layout
    from dsa_hcal_assets.hcal.emcal.board_map import load_board_map
    from dsa_hcal_assets.hcal.emcal.geometry import board_name
    from dsa_hcal_assets.hcal.mapping.validity import FOREVER

    settings = load_settings().hcal
    load_board_layout(settings.emcal_layout_file)
    mapping = load_board_map(path or settings.emcal_board_map_file)
    epoch = mapping.at(moment.replace(tzinfo=UTC) if moment else utc_now())
    until = "further notice" if epoch.valid_to == FOREVER else day_key(epoch.valid_to)
    click.echo(f"valid from {day_key(epoch.valid_from)} until {until}; {len(mapping.epochs)} epochs")
    by_controller: dict[str, list[str]] = {}
    for (controller, _), board in sorted(epoch.boards.items()):
        by_controller.setdefault(controller, []).append(board_name(*board))
    for controller, names in by_controller.items():
        click.echo(f"{controller}: {' '.join(names)}")


@board_map_group.command()
@click.argument("directory", type=_DIRECTORY)
def write(directory: Path) -> None:
    """Write the shipped (assumed) map and layout into a directory, as a start for the real ones."""
    from dsa_hcal_assets.hcal.emcal import assumed_map

    board_map, layout = assumed_map.write(directory)
    click.echo(f"{board_map}: edit it, then set DSA_HCAL_HCAL__EMCAL_BOARD_MAP_FILE to it")
    click.echo(f"{layout}: edit it, then set DSA_HCAL_HCAL__EMCAL_LAYOUT_FILE to it")
