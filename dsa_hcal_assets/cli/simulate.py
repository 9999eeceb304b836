"""`dsa-hcal simulate`: everything that makes input which looks real."""

import click

from dsa_hcal_assets.cli.rig import simulate_rig
from dsa_hcal_assets.cli.simulate_boards import simulate_boards
from dsa_hcal_assets.cli.simulate_emcal import simulate_emcal
from dsa_hcal_assets.cli.simulate_inventory import simulate_inventory
from dsa_hcal_assets.cli.simulate_registers import simulate_registers
from dsa_hcal_assets.cli.simulate_run import simulate_detector_run
from dsa_hcal_assets.cli.simulate_supplies import simulate_supplies
from dsa_hcal_assets.cli.simulate_uvh5 import simulate_uvh5, simulate_vla


@click.group()
def simulate() -> None:
    """Make boards, UVH5 groups and rig files that look real, with truth beside them."""


for name, command in (
    ("boards", simulate_boards),
    ("detector-run", simulate_detector_run),
    ("emcal", simulate_emcal),
    ("registers", simulate_registers),
    ("supplies", simulate_supplies),
    ("uvh5", simulate_uvh5),
    ("vla", simulate_vla),
    ("inventory", simulate_inventory),
    ("rig", simulate_rig),
):
    simulate.add_command(command, name)
