"""`dsa-hcal simulate emcal`: the 384 interface boards of the electromagnetic calorimeter on local ports."""

from collections.abc import Sequence
from pathlib import Path

import click

from dsa_hcal_assets.cli.simulated_devices import LATENCY, SEED, listening, serve


@click.command("emcal")
@click.option(
    "--controllers-file",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Written once all listen: the TOML that `dsa-hcal hcal emcal acquire` and the job read.",
)
@SEED
@listening
@click.option("--sectors", type=click.IntRange(1, 64), default=64, show_default=True, help="How many.")
@click.option("--apart", is_flag=True, help="An address for each interface board, not for each sector's six.")
@LATENCY
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
    from dsa_hcal_assets.hcal.emcal.controllers import write_controllers
    from dsa_hcal_assets.simulation.boards.faults import Faults, parse_fault
    from dsa_hcal_assets.simulation.emcal.rack import EmcalRack

    healthy = Faults(latency_ms=latency_ms)
    given = dict(parse_fault(text) for text in fault_texts)
    rack = EmcalRack(
        seed, range(sectors), apart=apart, host=host, port_base=port_base, usual=healthy, faults=given
    )

    def listed() -> str:
        write_controllers(controllers_file, rack.controllers)
        return f"{len(rack.controllers)} controllers listen; ports in {controllers_file}"

    serve(rack, listed)
