"""`dsa-hcal simulate registers`: boards that have the registers of a table, on local ports."""

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from dsa_hcal_assets.simulation.registers.rack import RegisterRack

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("registers")
@click.argument("table", type=_FILE)
@click.option(
    "--boards-file", type=_FILE, required=True, help="Written once all listen: the TOML the job reads."
)
@click.option("--count", type=click.IntRange(1, 1000), default=4, show_default=True, help="How many boards.")
@click.option("--seed", default=0, show_default=True, help="Of the simulated boards.")
@click.option(
    "--latency-ms", type=click.FloatRange(min=0), default=20.0, show_default=True, help="Of replies."
)
def simulate_registers(table: Path, boards_file: Path, count: int, seed: int, latency_ms: float) -> None:
    """Run boards with the registers of TABLE (TOML), simulated, until Ctrl-C or SIGTERM."""
    from dsa_hcal_assets.hcal.registers.table import read_table
    from dsa_hcal_assets.simulation.boards.faults import Faults
    from dsa_hcal_assets.simulation.registers.rack import RegisterRack

    described = read_table(table)
    boards = [f"{described.kind}{number:02d}" for number in range(count)]
    faults = dict.fromkeys(boards, Faults(latency_ms=latency_ms))
    asyncio.run(_serve(RegisterRack(described, boards, seed, faults=faults), boards_file))


async def _serve(rack: "RegisterRack", boards_file: Path) -> None:
    from dsa_hcal_assets.hcal.controllers.boards import write_boards

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await rack.start()
    try:
        write_boards(boards_file, rack.boards)
        click.echo(f"{len(rack.boards)} boards listen; ports in {boards_file}")
        await stop.wait()
    finally:
        await rack.stop()
