"""`dsa-hcal simulate supplies`: a bias crate, the low-voltage crate and a meter on local ports."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsa_hcal_assets.errors import PlatformError

if TYPE_CHECKING:
    from dsa_hcal_assets.simulation.supplies.bench import SimulatedSupplies


@click.command("supplies")
@click.option(
    "--supplies-file",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Written once all listen: the TOML that the job `hcal_supplies` reads.",
)
@click.option("--seed", default=0, show_default=True, help="Of the simulated detector.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port-base",
    type=click.IntRange(0, 65000),
    default=0,
    show_default=True,
    help="Port of the first one (mpod, lv, keithley), the others follow; 0: free ones.",
)
@click.option(
    "--fault", "fault_texts", multiple=True, help="Like mpod=mute or lv=latency_ms:200; repeatable."
)
def simulate_supplies(
    supplies_file: Path, seed: int, host: str, port_base: int, fault_texts: Sequence[str]
) -> None:
    """Run simulated power supplies until Ctrl-C or SIGTERM.

    `mpod` is a bias crate with an SNMP agent (UDP; community public reads, guru may also set), `lv` the
    low-voltage crate and `keithley` a source meter (TCP). Besides the faults below they do what control
    programs tell them: switching a bias channel ramps it by 1 V/s.

    \b
    Faults: down mute latency_ms:N garbage nan; for lv also those of `simulate boards`.
    """  # noqa: D301  (click wants the real \b)
    from dsa_hcal_assets.simulation.boards.faults import parse_fault
    from dsa_hcal_assets.simulation.supplies.bench import SimulatedSupplies

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        faults = dict(parse_fault(text) for text in fault_texts)
        simulated = SimulatedSupplies(seed, host=host, port_base=port_base, faults=faults)
        asyncio.run(_serve(simulated, supplies_file))
    except PlatformError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}: {error}") from error


async def _serve(simulated: "SimulatedSupplies", supplies_file: Path) -> None:
    from dsa_hcal_assets.hcal.supplies.units import write_units

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await simulated.start()
    try:
        write_units(supplies_file, simulated.units)
        click.echo(f"{len(simulated.units)} supplies listen; list in {supplies_file}")
        await stop.wait()
    finally:
        await simulated.stop()
