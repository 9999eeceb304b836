"""`dsa-hcal convert`: UVH5 subbands to a Measurement Set, without Dagster or a database."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from dsa_hcal_assets.radio.conversion.phase import PhaseCentre

LAYOUTS = ("single", "per-subband")


@click.command("convert")
@click.argument(
    "files",
    metavar="FILES...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Measurement Set to write; must not exist."
)
@click.option(
    "--phase-centre",
    metavar="NAME,RA,DEC",
    help="Where to phase to: ICRS, deg. Default: the meridian at mid-time, or the file's own fields.",
)
@click.option("--layout", type=click.Choice(LAYOUTS), help="Spectral windows (default: the profile's).")
@click.option(
    "--profile", "profile_name", help="Telescope profile (default: by the header's telescope name)."
)
def convert(
    files: tuple[Path, ...], out: Path, phase_centre: str | None, layout: str | None, profile_name: str | None
) -> None:
    """Write the subbands of one group as one Measurement Set.

    FILES are the UVH5 subbands, in any order. The Measurement Set appears under its name only when
    it is complete.

    \b
    Example:
      dsa-hcal convert incoming/uvh5/*_sb*.hdf5 --out group.ms --phase-centre 3C147,85.65057,49.85201
    """  # noqa: D301 - click wants the backspace character
    import shutil
    import uuid

    from dsa_hcal_assets.errors import ConfigurationError, PermanentError
    from dsa_hcal_assets.radio.conversion.group import convert_group
    from dsa_hcal_assets.radio.ingest.uvh5 import read_header
    from dsa_hcal_assets.radio.profiles.loading import load_profiles, match
    from dsa_hcal_assets.settings import load_settings

    settings = load_settings().radio
    profiles = load_profiles(settings.profiles_dir)
    if profile_name is not None and profile_name not in profiles:
        raise ConfigurationError(
            f"there is no profile {profile_name!r}", expected=f"one of {', '.join(sorted(profiles))}"
        )
    if out.exists():
        raise PermanentError(f"{out} exists", remedy="remove it or choose another name")
    profile = (
        profiles[profile_name] if profile_name else match(profiles, read_header(files[0]).telescope_name)
    )
    centre = None if phase_centre is None else _centre(phase_centre)
    staged = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with click.progressbar(length=1000, label=f"converting for {profile.name}") as bar:
            report = convert_group(
                files,
                staged,
                profile,
                phase_centre=centre,
                layout=layout or settings.spw_layout,  # type: ignore[arg-type]
                progress=lambda done, total: bar.update(done * 1000 // total - bar.pos),
            )
        staged.rename(out)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    click.echo(
        f"{out}: {report.rows} rows, {report.windows} windows, {report.channels} channels, "
        f"fields {', '.join(field['name'] for field in report.fields)}, {sum(report.seconds.values()):.1f} s"
    )


def _centre(text: str) -> "PhaseCentre":
    import math

    from dsa_hcal_assets.radio.conversion.phase import PhaseCentre

    try:
        name, ra, dec = text.rsplit(",", 2)
        return PhaseCentre(name, math.radians(float(ra)), math.radians(float(dec)))
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not NAME,RA,DEC with RA and DEC in deg") from error
