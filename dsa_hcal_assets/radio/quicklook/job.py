"""Worker entry point: a quick look at a group. JSON in, JSON out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
from dsa_hcal_assets.radio.imaging.imager import ImagerName
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.radio.quicklook.look import quicklook


def look(
    files: list[str],
    profile: Mapping[str, Any],
    calibration: str,
    out_dir: str,
    phase_centre: Mapping[str, Any] | None = None,
    imager: ImagerName = "auto",
    beyond_validity: bool = False,
) -> dict[str, Any]:
    """Look at the subbands `files`, see `quicklook`.

    Parameters
    ----------
    files, calibration, out_dir
        Paths.
    profile
        Telescope profile as ``Profile.model_dump(mode="json")``.
    phase_centre
        A `PhaseCentre` as JSON.
    imager
        "wsclean", "tclean", or "auto".
    beyond_validity
        Apply the bandpass of a set that is older than its range.

    Returns
    -------
    dict
        `Quicklook` as JSON.
    """
    return quicklook(
        [Path(name) for name in files],
        Profile.model_validate(profile),
        Path(calibration),
        Path(out_dir),
        phase_centre=None if phase_centre is None else PhaseCentre.from_json(phase_centre),
        imager=imager,
        beyond_validity=beyond_validity,
    ).as_json()
