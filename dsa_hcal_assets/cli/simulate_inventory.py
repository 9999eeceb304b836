"""`dsa-hcal simulate inventory`: a real list of groups arrives again, in tiny files."""

from pathlib import Path

import click


@click.command("inventory")
@click.argument("inventory", metavar="LIST", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory for the files (made if needed), such as <state>/incoming/uvh5.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="Groups a second; 0: as fast as they can be written. The telescope makes one in 309 s.",
)
@click.option("--scramble", is_flag=True, help="Deliver all files of all groups in any order.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same files and order.")
def simulate_inventory(inventory: Path, out: Path, rate: float, scramble: bool, seed: int) -> None:
    """Replay an inventory of groups (CSV) with valid subband files of 45 kB.

    LIST has the columns group (2025-06-05T20:37:07), found and expected; bytes and missing are
    optional. Incomplete groups stay so: a subband that was not found is not written.
    """
    from dsa_hcal_assets.radio.profiles.loading import load_profiles
    from dsa_hcal_assets.simulation.inventory import read_inventory
    from dsa_hcal_assets.simulation.inventory_replay import replay

    entries = read_inventory(inventory)
    out.mkdir(parents=True, exist_ok=True)
    with click.progressbar(length=sum(entry.found for entry in entries), label="delivering subbands") as bar:
        done = replay(
            entries,
            out,
            load_profiles()["dsa110"],
            groups_a_second=rate,
            scramble=scramble,
            seed=seed,
            progress=lambda *_: bar.update(1),
        )
    click.echo(
        f"{done.groups} groups, {done.files} files, {done.bytes / 1e6:.0f} MB "
        f"for {done.real_bytes / 1e9:.0f} GB of the telescope, in {out}"
    )
