"""`dsa-hcal simulate supplies`: a bias crate, the low-voltage crate and a meter on local ports."""

from collections.abc import Sequence
from pathlib import Path

import click

from dsa_hcal_assets.cli.simulated_devices import SEED, listening, serve


@click.command("supplies")
@click.option(
    "--supplies-file",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Written once all listen: the TOML that the job `hcal_supplies` reads.",
)
@SEED
@listening
@click.option(
    "--fault", "fault_texts", multiple=True, help="Like mpod=mute or lv=latency_ms:200; repeatable."
)
def simulate_supplies(
    supplies_file: Path, seed: int, host: str, port_base: int, fault_texts: Sequence[str]
) -> None:
    """Run simulated power supplies until Ctrl-C or SIGTERM; their ports are in the order below.

    `mpod` is a bias crate with an SNMP agent (UDP; community public reads, guru may also set), `lv` the
    low-voltage crate and `keithley` a source meter (TCP). Besides the faults below they do what control
    programs tell them: switching a bias channel ramps it by 1 V/s.

    \b
    Faults: down mute latency_ms:N garbage nan; for lv also those of `simulate boards`.
    """  # noqa: D301  (click wants the real \b)
    from dsa_hcal_assets.hcal.supplies.units import write_units
    from dsa_hcal_assets.simulation.boards.faults import parse_fault
    from dsa_hcal_assets.simulation.supplies.bench import SimulatedSupplies

    faults = dict(parse_fault(text) for text in fault_texts)
    simulated = SimulatedSupplies(seed, host=host, port_base=port_base, faults=faults)

    def listed() -> str:
        write_units(supplies_file, simulated.units)
        return f"{len(simulated.units)} supplies listen; list in {supplies_file}"

    serve(simulated, listed)
