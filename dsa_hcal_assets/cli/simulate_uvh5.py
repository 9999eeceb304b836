"""`dsa-hcal simulate uvh5` and `simulate vla`: subband files for the radio pipeline."""

from datetime import datetime
from pathlib import Path

import click

_out = click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory for the files (made if needed), such as <state>/incoming/uvh5.",
)


@click.command("uvh5")
@_out
@click.option(
    "--day", type=click.DateTime(["%Y-%m-%d"]), default="2025-06-05", show_default=True, help="UTC day."
)
@click.option(
    "--calibrator",
    type=click.Choice(["3C48", "3C147", "3C286"]),
    default="3C147",
    show_default=True,
    help="Crosses the meridian in the middle of the group.",
)
@click.option(
    "--antennas",
    type=click.IntRange(4, 96),
    default=20,
    show_default=True,
    help="Core and outriggers in proportion.",
)
@click.option(
    "--channels",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Per subband; the telescope has 48.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same data.")
@click.option(
    "--leave-out", type=click.IntRange(0, 15), multiple=True, help="Subband not to write; repeatable."
)
def simulate_uvh5(
    out: Path,
    day: datetime,
    calibrator: str,
    antennas: int,
    channels: int,
    seed: int,
    leave_out: tuple[int, ...],
) -> None:
    """Simulate one DSA-110 drift scan: 16 subbands, with its truth beside it."""
    from dsa_hcal_assets.radio.profiles.loading import load_profiles
    from dsa_hcal_assets.simulation.uvh5.group import GroupSetup, simulate_group

    out.mkdir(parents=True, exist_ok=True)
    profile = load_profiles()["dsa110"]
    wanted = sorted(set(range(profile.subbands.count)) - set(leave_out))
    setup = GroupSetup(day=day.date(), calibrator=calibrator, antennas=antennas, channels=channels, seed=seed)
    with click.progressbar(length=len(wanted), label="simulating subbands") as bar:
        group = simulate_group(out, profile, setup, subbands=wanted, progress=lambda *_: bar.update(1))
    click.echo(f"group {group.key}: {len(group.files)} subbands in {out}, truth in {group.truth.name}")


@click.command("vla")
@_out
@click.option("--subbands", type=click.IntRange(1, 63), default=7, show_default=True, help="A divisor of 63.")
def simulate_vla(out: Path, subbands: int) -> None:
    """Write the real VLA observation of NGC 5921 (from the casadata package) as UVH5 subbands."""
    from dsa_hcal_assets.simulation.vla import write_ngc5921

    out.mkdir(parents=True, exist_ok=True)
    with click.progressbar(length=subbands, label="writing subbands") as bar:
        files = write_ngc5921(out, subbands=subbands, progress=lambda *_: bar.update(1))
    click.echo(f"{len(files)} subbands in {out}")
