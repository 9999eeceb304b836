"""`dsa-hcal simulate emcal`: the 384 interface boards of the electromagnetic calorimeter on local ports."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from dsa_hcal_assets.simulation.emcal.rack import EmcalRack


@click.command("emcal")
@click.option(
    "--controllers-file",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Written once all listen: the TOML that `dsa-hcal hcal emcal acquire` and the job read.",
)
@click.option("--seed", default=0, show_default=True, help="Of the simulated detector.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port-base",
    type=click.IntRange(0, 65000),
    default=0,
    show_default=True,
    help="Port of the first controller, the others follow; 0: free ones.",
)
@click.option("--sectors", type=click.IntRange(1, 64), default=64, show_default=True, help="How many.")
@click.option("--apart", is_flag=True, help="An address for each interface board, not for each sector's six.")
@click.option(
    "--latency-ms", type=click.FloatRange(min=0), default=20.0, show_default=True, help="Of healthy replies."
)
@click.option(
    "--fault",
    "fault_texts",
    multiple=True,
    help="Like S08=down or S40=latency_ms:200,echo; repeatable. All: `dsa-hcal simulate boards --help`.",
)
def simulate_emcal(
    controllers_file: Path,
    seed: int,
    host: str,
    port_base: int,
    sectors: int,
    apart: bool,
    latency_ms: float,
    fault_texts: Sequence[str],
) -> None:
    """Run the controllers of the electromagnetic calorimeter, simulated, until Ctrl-C or SIGTERM."""
    from dsa_hcal_assets.simulation.boards.faults import Faults, parse_fault
    from dsa_hcal_assets.simulation.emcal.rack import EmcalRack

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    healthy = Faults(latency_ms=latency_ms)
    given = dict(parse_fault(text) for text in fault_texts)
    rack = EmcalRack(
        seed, range(sectors), apart=apart, host=host, port_base=port_base, usual=healthy, faults=given
    )
    asyncio.run(_serve(rack, controllers_file))


async def _serve(rack: "EmcalRack", controllers_file: Path) -> None:
    from dsa_hcal_assets.hcal.emcal.controllers import write_controllers

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await rack.start()
    try:
        write_controllers(controllers_file, rack.controllers)
        click.echo(f"{len(rack.controllers)} controllers listen; ports in {controllers_file}")
        await stop.wait()
    finally:
        await rack.stop()
