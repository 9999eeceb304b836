"""`dsa-hcal simulate boards`: the detector's 16 controllers on local ports."""

from collections.abc import Sequence
from pathlib import Path

import click

from dsa_hcal_assets.cli.simulated_devices import LATENCY, SEED, listening, serve


@click.command("boards")
@click.option(
    "--ports-file",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Written once all boards listen: the TOML that `dsa-hcal acquire --boards` reads.",
)
@SEED
@listening
@LATENCY
@click.option(
    "--power-cuts",
    type=click.FloatRange(0, 365),
    default=0.0,
    show_default=True,
    help="Power cuts of a board in a year; it comes back with arbitrary offsets and high gain.",
)
@click.option(
    "--dead-towers",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Fraction of dead towers.",
)
@click.option(
    "--fault", "fault_texts", multiple=True, help="Like 83=down or 91=latency_ms:200,echo; repeatable."
)
@click.option(
    "--faults-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="TOML with faults by board, followed while running; see simulation/boards/faults.py.",
)
def simulate_boards(
    ports_file: Path,
    seed: int,
    host: str,
    port_base: int,
    latency_ms: float,
    power_cuts: float,
    dead_towers: float,
    fault_texts: Sequence[str],
    faults_file: Path | None,
) -> None:
    """Run the 16 controllers of the hadronic calorimeter, simulated, until Ctrl-C or SIGTERM.

    \b
    Faults (a board with a fault has the latency the fault says):
      down power_cut mute latency_ms:N drip_seconds:N garbage flood extra_values:N nan
      prompt_inside reset echo iac banner units line_end:crlf
    """  # noqa: D301  (click wants the real \b)
    from dsa_hcal_assets.hcal.controllers.boards import write_boards
    from dsa_hcal_assets.simulation.boards.faults import Faults, parse_fault, require_known
    from dsa_hcal_assets.simulation.boards.history import Troubles
    from dsa_hcal_assets.simulation.boards.physics import BOARDS
    from dsa_hcal_assets.simulation.boards.rack import Rack

    faults = dict.fromkeys(BOARDS, Faults(latency_ms=latency_ms))
    given = dict(parse_fault(text) for text in fault_texts)
    require_known(given, BOARDS)
    troubles = Troubles(power_cuts, dead_towers)
    rack = Rack(seed, host=host, port_base=port_base, faults=faults | given, troubles=troubles)

    def listed() -> str:
        write_boards(ports_file, rack.boards)
        return f"{len(rack.boards)} boards listen on {rack.boards[0].host}; ports in {ports_file}"

    serve(rack, listed, None if faults_file is None else lambda: rack.follow_faults(faults_file))
