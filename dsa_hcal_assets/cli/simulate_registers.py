"""`dsa-hcal simulate registers`: boards that have the registers of a table, on local ports."""

from pathlib import Path

import click

from dsa_hcal_assets.cli.simulated_devices import LATENCY, SEED, serve

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("registers")
@click.argument("table", type=_FILE)
@click.option(
    "--boards-file", type=_FILE, required=True, help="Written once all listen: the TOML the job reads."
)
@click.option("--count", type=click.IntRange(1, 1000), default=4, show_default=True, help="How many boards.")
@SEED
@LATENCY
def simulate_registers(table: Path, boards_file: Path, count: int, seed: int, latency_ms: float) -> None:
    """Run boards with the registers of TABLE (TOML), simulated, until Ctrl-C or SIGTERM."""
    from dsa_hcal_assets.hcal.controllers.boards import write_boards
    from dsa_hcal_assets.hcal.registers.table import read_table
    from dsa_hcal_assets.simulation.boards.faults import Faults
    from dsa_hcal_assets.simulation.registers.rack import RegisterRack

    described = read_table(table)
    boards = [f"{described.kind}{number:02d}" for number in range(count)]
    faults = dict.fromkeys(boards, Faults(latency_ms=latency_ms))
    rack = RegisterRack(described, boards, seed, faults=faults)

    def listed() -> str:
        write_boards(boards_file, rack.boards)
        return f"{len(rack.boards)} boards listen; ports in {boards_file}"

    serve(rack, listed)
