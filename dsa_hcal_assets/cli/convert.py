"""`dsa-hcal convert`: UVH5 subbands to a Measurement Set, without Dagster or a database."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from dsa_hcal_assets.radio.conversion.group import ConversionReport
    from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
    from dsa_hcal_assets.radio.profiles.model import Profile

LAYOUTS = ("single", "per-subband")
POLICIES = ("midpoint", "meridian", "header")
WRITERS = ("auto", "direct", "pyuvdata")


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
    metavar="midpoint|meridian|header|NAME,RA,DEC",
    help="Where to phase to: the meridian at mid-time, the meridian of each integration, the file's own "
    "fields, or a direction (ICRS, deg). Default: the profile's (calibrator means midpoint here).",
)
@click.option("--layout", type=click.Choice(LAYOUTS), help="Spectral windows (default: the profile's).")
@click.option("--writer", type=click.Choice(WRITERS), help="Who writes it (default: the setting, auto).")
@click.option(
    "--weight-spectrum/--no-weight-spectrum",
    default=None,
    help="With WEIGHT_SPECTRUM (default: the profile's).",
)
@click.option(
    "--scratch-columns/--no-scratch-columns",
    default=None,
    help="With MODEL_DATA (1 Jy) and CORRECTED_DATA (= DATA) (default: the profile's).",
)
@click.option(
    "--profile", "profile_name", help="Telescope profile (default: by the header's telescope name)."
)
def convert(
    files: tuple[Path, ...],
    out: Path,
    phase_centre: str | None,
    writer: str | None,
    profile_name: str | None,
    **choices: Any,
) -> None:
    """Write the subbands of one group as one Measurement Set.

    FILES are the UVH5 subbands, in any order. The Measurement Set appears under its name only when
    it is complete and on the disk. Subbands that are missing are flagged channels of the one window;
    with --layout per-subband they are windows that are not there.

    Exit code 0: it was written; 1: it was not, and the message says why; 2: the options are wrong.

    \b
    Examples:
      dsa-hcal convert incoming/uvh5/2025-06-05T20:37:*_sb??.hdf5 --out group.ms
      dsa-hcal convert *_sb??.hdf5 --out group.ms --phase-centre 3C147,85.65057,49.85201 --scratch-columns
    """  # noqa: D301 - click wants the backspace character
    from dsa_hcal_assets.errors import PermanentError
    from dsa_hcal_assets.settings import load_settings

    settings = load_settings().radio
    if out.exists():
        raise PermanentError(f"{out} exists", remedy="remove it or choose another name")
    if not out.parent.is_dir():
        raise PermanentError(f"{out.parent} is no directory", remedy="make it first")
    policy, centre = _target(phase_centre)
    wanted = {
        "phase_centre": policy,
        "spw_layout": choices["layout"],
        "weight_spectrum": choices["weight_spectrum"],
        "scratch_columns": choices["scratch_columns"],
    }
    chosen = {**settings.conversion, **{name: one for name, one in wanted.items() if one is not None}}
    profile = _profile(files[0], profile_name, settings.profiles_dir).converting(**chosen)
    report = _write(files, out, profile, centre, writer or settings.writer, settings.ram_staging)
    click.echo(_told(out, report))


def _write(
    files: tuple[Path, ...],
    out: Path,
    profile: "Profile",
    centre: "PhaseCentre | None",
    writer: Any,
    ram_staging: Any,
) -> "ConversionReport":
    import uuid

    from dsa_hcal_assets.products import tree
    from dsa_hcal_assets.radio.conversion import staging
    from dsa_hcal_assets.radio.conversion.job import expected_bytes
    from dsa_hcal_assets.radio.conversion.writers import write_group

    staged = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}")
    try:
        with (
            click.progressbar(length=1000, label=f"converting for {profile.name}") as bar,
            staging.writing(staged, expected_bytes(files, profile), ram_staging) as place,
        ):
            report = write_group(
                files,
                place,
                profile,
                phase_centre=centre,
                writer=writer,
                progress=lambda done, total: bar.update(done * 1000 // total - bar.pos),
            )
        tree.flush_all(staged)
        staged.rename(out)
        tree.flush(out.parent)
    finally:
        if staged.exists():
            tree.remove(staged)
    return report


def _profile(file: Path, name: str | None, profiles_dir: Path | None) -> "Profile":
    from dsa_hcal_assets.radio.ingest.uvh5 import read_header
    from dsa_hcal_assets.radio.profiles.loading import load_profiles, match, profile_named

    if name is not None:
        return profile_named(name, profiles_dir)
    return match(load_profiles(profiles_dir), read_header(file).telescope_name)


def _target(text: str | None) -> "tuple[str | None, PhaseCentre | None]":
    """Return the policy or the direction that --phase-centre names."""
    if text is None or text in POLICIES:
        return text, None
    import math

    from dsa_hcal_assets.radio.conversion.phase import PhaseCentre

    try:
        name, ra, dec = text.rsplit(",", 2)
        right_ascension, declination = float(ra), float(dec)
        if not (name and abs(right_ascension) <= 360 and abs(declination) <= 90):
            raise ValueError("no direction")
    except ValueError as error:
        raise click.BadParameter(
            f"{text!r} is not {', '.join(POLICIES)} or NAME,RA,DEC with RA and DEC in deg",
            param_hint="--phase-centre",
        ) from error
    return None, PhaseCentre(name, math.radians(right_ascension), math.radians(declination))


def _told(out: Path, report: "ConversionReport") -> str:
    names = [str(field["name"]) for field in report.fields]
    fields = ", ".join(names) if len(names) <= 4 else f"{names[0]} to {names[-1]} ({len(names)})"
    lost = f" ({report.missing_channels} of lost subbands)" if report.missing_channels else ""
    return (
        f"{out}: {report.rows} rows, {report.windows} windows, {report.channels} channels{lost}, "
        f"fields {fields}; writer {report.writer}, {report.total_seconds:.1f} s"
    )
