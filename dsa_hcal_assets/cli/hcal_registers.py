"""`dsa-hcal hcal registers`: registers of digitiser and other boards without Dagster."""

from datetime import datetime
from pathlib import Path

import click

from dsa_hcal_assets.cli.hcal_loading import load_landed, of_a_day
from dsa_hcal_assets.settings import load_settings


@click.group()
def registers() -> None:
    """Registers of boards: check a table, load what was read.

    They are polled by a job of type `board_registers`; examples/registers has one.
    """


@registers.command()
@click.argument("table", type=click.Path(dir_okay=False, path_type=Path))
def check(table: Path) -> None:
    """Check a register table (TOML) and show what it says."""
    from dsa_hcal_assets.hcal.registers.table import read_table

    described = read_table(table)
    click.echo(f"{described.kind}: {len(described.register_)} registers over {described.protocol}")
    for one in described.register_:
        place = one.command or f"0x{one.address:04X}"
        limits = "" if one.valid is None else f", normal {one.valid[0]:g} to {one.valid[1]:g}"
        every = "" if one.every == 1 else f", every {one.every} cycles"
        click.echo(f"  {place:>8}  {one.name}: {one.description}; {one.width} bits {one.unit}{limits}{every}")
        for field in one.field:
            normal = "" if field.expected is None else f", normal {', '.join(map(str, field.expected))}"
            click.echo(f"            {field.name}: bits {field.bits[0]}-{field.bits[1]}{normal}")


@registers.command()
@of_a_day
def load(day: datetime, everything: bool) -> None:
    """Accept what landed in incoming/registers and load the snapshots of a UTC day (YYYY-MM-DD)."""
    from dsa_hcal_assets.hcal.registers.snapshot import REGISTERS
    from dsa_hcal_assets.hcal.registers.tables import load_day

    load_landed(
        load_settings(),
        REGISTERS,
        lambda database, ledger: load_day(database, ledger, day.date(), "cli", everything),
    )
