"""`dsa-hcal simulate uvh5` and `simulate vla`: subband files for the radio pipeline."""

from datetime import datetime
from pathlib import Path

import click

_DIRECTORY = click.Path(file_okay=False, path_type=Path)
_OUT_HELP = "Directory for the files (made if needed), such as <state>/incoming/uvh5."


@click.command("uvh5")
@click.argument("directory", required=False, type=_DIRECTORY)
@click.option("--out", type=_DIRECTORY, help="The same as DIRECTORY.")
@click.option(
    "--day", type=click.DateTime(["%Y-%m-%d"]), default="2025-06-05", show_default=True, help="UTC day."
)
@click.option(
    "--calibrator",
    type=click.Choice(["3C48", "3C147", "3C286"]),
    default="3C147",
    show_default=True,
    help="Crosses the meridian in the middle of the first group; the array points at its declination.",
)
@click.option(
    "--groups",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Groups one after the other along the drift, 309 s each.",
)
@click.option(
    "--antennas",
    type=click.IntRange(4, 117),
    default=20,
    show_default=True,
    help="Core and outriggers in proportion; 96 are active, above that inactive slots are equipped.",
)
@click.option(
    "--channels",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Per subband; the telescope has 48.",
)
@click.option(
    "--phase",
    type=click.Choice(["drift", "zenith"]),
    default="drift",
    show_default=True,
    help="drift: fringe-stopped to the meridian, as real files are; zenith: unprojected, for a profile "
    "that says so.",
)
@click.option(
    "--field-sources",
    type=click.IntRange(0),
    default=5,
    show_default=True,
    help="Sources above 0.1 Jy for each group's width of sky, beside the calibrator and its neighbours.",
)
@click.option(
    "--interference",
    type=click.Choice(["narrowband", "transient"]),
    multiple=True,
    help="Lines that stay, or satellites that pass; repeatable.",
)
@click.option(
    "--dead-antennas",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Antennas whose baselines are all zero.",
)
@click.option("--no-noise", is_flag=True, help="Leave the thermal noise out.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same data.")
@click.option(
    "--leave-out", type=click.IntRange(0, 15), multiple=True, help="Subband not to write; repeatable."
)
def simulate_uvh5(
    directory: Path | None,
    out: Path | None,
    day: datetime,
    groups: int,
    leave_out: tuple[int, ...],
    no_noise: bool,
    **choices: object,
) -> None:
    """Simulate DSA-110 drift scans: 16 subbands a group, with its truth beside it.

    \b
    One group of the real telescope (1.5 GB), with interference to find:
      dsa-hcal simulate uvh5 /tmp/full --antennas 96 --channels 48 \\
          --interference narrowband --interference transient --dead-antennas 2
    Four small groups in a row into a running platform:
      dsa-hcal simulate uvh5 <state>/incoming/uvh5 --groups 4
    """  # noqa: D301  (click wants the real \b)
    from dsa_hcal_assets.radio.profiles.loading import load_profiles
    from dsa_hcal_assets.simulation.uvh5.group import GroupSetup, simulate_groups

    place = directory or out
    if place is None or (directory and out):
        raise click.UsageError("name the directory for the files, once")
    place.mkdir(parents=True, exist_ok=True)
    profile = load_profiles()["dsa110"]
    wanted = sorted(set(range(profile.subbands.count)) - set(leave_out))
    setup = GroupSetup(day=day.date(), noise=not no_noise, **choices)  # type: ignore[arg-type]
    with click.progressbar(length=len(wanted) * groups, label="simulating subbands") as bar:
        written = simulate_groups(
            place,
            profile,
            setup,
            groups=range(groups),
            subbands=wanted,
            progress=lambda *_: bar.update(1),
        )
    for group in written:
        click.echo(f"group {group.key}: {len(group.files)} subbands in {place}, truth in {group.truth.name}")


@click.command("vla")
@click.option("--out", required=True, type=_DIRECTORY, help=_OUT_HELP)
@click.option("--subbands", type=click.IntRange(1, 63), default=7, show_default=True, help="A divisor of 63.")
def simulate_vla(out: Path, subbands: int) -> None:
    """Write the real VLA observation of NGC 5921 (from the casadata package) as UVH5 subbands."""
    from dsa_hcal_assets.simulation.vla import write_ngc5921

    out.mkdir(parents=True, exist_ok=True)
    with click.progressbar(length=subbands, label="writing subbands") as bar:
        files = write_ngc5921(out, subbands=subbands, progress=lambda *_: bar.update(1))
    click.echo(f"{len(files)} subbands in {out}")
