"""`dsa-hcal hcal supplies`: the power supplies' steps one by one, without Dagster."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsa_hcal_assets.cli.hcal_loading import load_landed, of_a_day
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.settings import load_settings

if TYPE_CHECKING:
    from dsa_hcal_assets.hcal.supplies.readings import CrateReading, SupplyChannel, SupplySnapshot

_MOMENT = click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"])


@click.group()
def supplies() -> None:
    """Bias crates, the low-voltage crate and meters: read them, load a day, show their state.

    Nothing here can switch or set anything. Polling for good is the job `hcal_supplies` of
    `dsa-hcal daq`.
    """


@supplies.command()
@click.argument(
    "supplies_file", metavar="SUPPLIES_FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
def read(supplies_file: Path) -> None:
    """Read all supplies of SUPPLIES_FILE (TOML) once and show what they say; nothing is stored.

    \b
    To try it without hardware:
      dsa-hcal simulate supplies --supplies-file supplies.toml
    """  # noqa: D301  (click wants the real \b)
    for board in asyncio.run(_read_once(supplies_file)).boards:
        _show(board)


@supplies.command()
@of_a_day
def load(day: datetime, everything: bool) -> None:
    """Accept what landed in incoming/supplies and load the snapshots of a UTC day (YYYY-MM-DD)."""
    from dsa_hcal_assets.hcal.supplies.loading import load_day
    from dsa_hcal_assets.hcal.supplies.snapshot import SUPPLIES
    from dsa_hcal_assets.hcal.supplies.supply_map import load_supply_map

    settings = load_settings()
    load_landed(
        settings,
        SUPPLIES,
        lambda database, ledger: load_day(
            database, ledger, day.date(), load_supply_map(settings.hcal.supply_map_file), "cli", everything
        ),
    )


@supplies.command()
@click.option("--at", "moment", type=_MOMENT, help="Time, UTC; default: now.")
def state(moment: datetime | None) -> None:
    """Show the newest loaded reading of every channel at a time: set, measured, limit, state."""
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.hcal.supplies.readers import state_at

    with access.opened(load_settings()) as database:
        frame = state_at(database, moment.replace(tzinfo=UTC) if moment else utc_now())
    shown = frame.assign(ts=frame["ts"].dt.strftime("%H:%M:%S")).drop(columns=["status"])
    click.echo(shown.to_string(index=False, na_rep="-", float_format="{:.6g}".format))


async def _read_once(supplies_file: Path) -> "SupplySnapshot":
    from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
    from dsa_hcal_assets.hcal.supplies.polling import PolledSupplies
    from dsa_hcal_assets.hcal.supplies.units import read_units

    polled = PolledSupplies(read_units(supplies_file), Deadlines.of(load_settings().hcal))
    try:
        return await polled.take(utc_now(), 0, "cli", -1)
    finally:
        polled.close()
        await asyncio.sleep(0)  # sockets are closed by the loop's next turn


def _show(board: "CrateReading") -> None:
    switch = "" if board.main_switch is None else f", main switch {'on' if board.main_switch else 'OFF'}"
    click.echo(f"{board.board} ({board.kind}): {board.status}{switch}")
    for channel in board.channels:
        click.echo(f"  {channel.slot:>2} {channel.channel:>2}  {_values(channel)}")
    for name, error in board.errors.items():
        click.echo(f"  {name}: {error['error']}: {error['what']}")


def _values(channel: "SupplyChannel") -> str:
    from dsa_hcal_assets.hcal.supplies.output_status import state_of

    known = [
        ("set", channel.v_set, "V", 1.0),
        ("measured", channel.v_meas, "V", 1.0),
        ("limit", channel.i_limit, "mA", 1e3),
        ("current", channel.i_meas, "mA", 1e3),
    ]
    texts = [f"{name} {value * scale:.3f} {unit}" for name, value, unit, scale in known if value is not None]
    return "  ".join([*texts, *([] if channel.status is None else [state_of(channel.status)])])
