"""The conversion as a worker call: JSON in, JSON out; casacore is loaded only here."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.conversion import staging
from dsa_hcal_assets.radio.conversion.group import ConversionReport
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
from dsa_hcal_assets.radio.conversion.writers import Writer, write_group
from dsa_hcal_assets.radio.ingest.uvh5 import read_header
from dsa_hcal_assets.radio.profiles.loading import profile_named
from dsa_hcal_assets.radio.profiles.model import Profile


def convert(
    files: list[str],
    out: str,
    profile: str,
    phase_centre: Mapping[str, Any] | None = None,
    *,
    calibrator: Mapping[str, Any] | None = None,
    choices: Mapping[str, Any] | None = None,
    writer: Any = "auto",
    profiles_dir: str | None = None,
    ram_staging: staging.RamStaging = "auto",
) -> dict[str, Any]:
    """Convert `files` to the Measurement Set `out` and return the report as JSON.

    Parameters
    ----------
    files, out
        Paths.
    profile
        Name of the telescope profile.
    phase_centre
        Where to phase to whatever the profile says: a `PhaseCentre` as JSON (``name``, ``ra_rad``,
        ``dec_rad``, ICRS).
    calibrator
        Where to phase to if the profile's policy is ``calibrator``, in the same form.
    choices
        What takes the place of the profile's `conversion` values; None leaves the profile's.
    writer
        ``direct``, ``pyuvdata`` or ``auto``.
    profiles_dir
        Directory of extra profiles.
    ram_staging
        Whether it is written in memory first: see `staging.writing`.

    Raises
    ------
    ConfigurationError
        For a choice or a writer that does not exist.
    PlatformError
        As `write_group`.
    StorageFailed
        If there is no room for it.
    """
    if writer not in get_args(Writer):
        raise ConfigurationError(
            f"there is no writer {writer!r}", expected=f"one of {', '.join(get_args(Writer))}"
        )
    chosen = _profile(profile, profiles_dir).converting(**(choices or {}))
    target = phase_centre
    if target is None and chosen.conversion.phase_centre == "calibrator":
        target = calibrator
    centre = None if target is None else PhaseCentre.from_json(target)
    paths = [Path(name) for name in files]
    with staging.writing(Path(out), expected_bytes(paths, chosen), ram_staging) as place:
        return write_group(paths, place, chosen, phase_centre=centre, writer=writer).as_json()


def measure(ms: str, profile: str, report: dict[str, Any], profiles_dir: str | None = None) -> dict[str, Any]:
    """Measure the Measurement Set `ms` for its gate; returns metrics and figures as JSON.

    Figures are PNG, base64, keyed by caption.
    """
    import base64

    from dsa_hcal_assets.radio.conversion import figures, quality
    from dsa_hcal_assets.radio.conversion.survey import survey

    found = survey(Path(ms))
    metrics = quality.metrics(found, _profile(profile, profiles_dir), ConversionReport.from_json(report))
    return {
        "metrics": [{"name": m.name, "value": m.value, "detail": m.detail} for m in metrics],
        "figures": {caption: base64.b64encode(png).decode() for caption, png in figures.draw(found).items()},
    }


def expected_bytes(paths: Sequence[Path], profile: Profile) -> int:
    """Return about how large the Measurement Set of subbands `paths` becomes, never less than it does."""
    if not paths:
        return 0
    return staging.expected_bytes(
        read_header(paths[0]),
        max(len(paths), profile.subbands.count),
        data_columns=3 if profile.conversion.scratch_columns else 1,
        weight_spectrum=profile.conversion.weight_spectrum,
    )


def _profile(name: str, profiles_dir: str | None) -> Profile:
    return profile_named(name, Path(profiles_dir) if profiles_dir else None)
