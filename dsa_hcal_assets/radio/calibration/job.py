"""Worker entry points: solve a calibrator group, apply a set to a group. JSON in, JSON out."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dsa_hcal_assets.radio.calibration import solution_metrics
from dsa_hcal_assets.radio.calibration.application import apply_set
from dsa_hcal_assets.radio.calibration.calibrator_group import CalibratorGroup
from dsa_hcal_assets.radio.calibration.description import SetDescription
from dsa_hcal_assets.radio.calibration.field_model import field_model
from dsa_hcal_assets.radio.calibration.fields import assign
from dsa_hcal_assets.radio.calibration.figures import write_figures
from dsa_hcal_assets.radio.calibration.rephasing import rephased
from dsa_hcal_assets.radio.calibration.solutions import read_solutions
from dsa_hcal_assets.radio.calibration.standards import Calibrator, load_calibrators, read_sources
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.flagging.visibilities import antenna_names
from dsa_hcal_assets.radio.profiles.model import Profile


def solve(
    ms: str,
    flags: str,
    profile: Mapping[str, Any],
    out_dir: str,
    group: str,
    pointing_dec_deg: float | None = None,
    calibrators: str | None = None,
    neighbours: str | None = None,
    imager: str = "auto",
    scratch: str | None = None,
    centre: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Solve for the calibration of a group that holds a calibrator; write the calibration set.

    Order: models (Perley-Butler 2017 for standard calibrators), delay as a diagnostic, phases in
    short intervals, bandpass, gains, flux transfer to secondary calibrators, gains in short intervals.

    Parameters
    ----------
    ms, flags
        Published Measurement Set and flag product (file or directory); both are only read.
    profile
        Telescope profile as ``Profile.model_dump(mode="json")``.
    out_dir
        Directory of the product: receives the caltables, ``set.json`` and figures.
    group
        Group key.
    pointing_dec_deg
        Apparent declination of the pointing (drift scans), deg.
    calibrators
        Table of further calibrators (the form of ``standards.csv``).
    neighbours
        Table of other sources in the beam (the same form) that go into the model. Without it, where
        the profile asks for a field model, they are taken from images of first solutions.
    imager
        Program for that image.
    scratch
        Room for the working copy.
    centre
        Another direction (a `PhaseCentre` as JSON) to refer the data to for this solve: that of a
        calibrator that the set is not phased to.

    Returns
    -------
    dict
        ``metrics`` [{name, value, detail}], ``figures`` [{caption, path}], ``set`` (the content of
        ``set.json``).

    Raises
    ------
    NoCalibrator
        If no field of the set can calibrate it.
    SolveFailed
        If CASA finds no solution.
    """
    telescope = Profile.model_validate(profile)
    target = Path(out_dir)
    known = load_calibrators(Path(calibrators) if calibrators else None)
    flag_set = FlagSet.load(Path(flags))
    with (
        tempfile.TemporaryDirectory(prefix="solve-", dir=scratch) as room,
        _referred_to(centre, Path(ms), Path(room)) as source,
    ):
        roles = assign(source, telescope, known, pointing_dec_deg)
        calibrator = CalibratorGroup(source, flag_set, telescope, group, roles, pointing_dec_deg, Path(room))
        others: Sequence[Calibrator] = read_sources(Path(neighbours)) if neighbours else ()
        if telescope.calibration.field_model and not neighbours:
            others = field_model(calibrator, imager, Path(room))
        made = calibrator.solve(target, others)
    bandpass, last = (read_solutions(path) for path in (made.tables["bandpass"], [*made.tables.values()][-1]))
    described = SetDescription.load(target)
    return {
        "set": described.model_dump(mode="json"),
        "metrics": solution_metrics.measure(
            made.tables, made.antennas, made.transferred, described.amplitude_factor
        ),
        "neighbours": [asdict(one) for one in others],
        "figures": write_figures(bandpass, last, antenna_names(Path(ms)), target / "figures"),
    }


@contextmanager
def _referred_to(centre: Mapping[str, Any] | None, ms: Path, scratch: Path) -> Iterator[Path]:
    if centre is None:
        yield ms
        return
    with rephased(ms, PhaseCentre.from_json(centre), scratch) as copy:
        yield copy


def apply(
    ms: str,
    flags: str,
    calibration: str,
    profile: Mapping[str, Any],
    out_dir: str,
    scratch: str | None = None,
    beyond_validity: bool = False,
) -> dict[str, Any]:
    """Apply a calibration set and write the averaged, calibrated imaging set.

    Parameters
    ----------
    ms, flags
        Published Measurement Set and flag product; both are only read.
    calibration
        Directory of the calibration set.
    profile
        Telescope profile as ``Profile.model_dump(mode="json")``.
    out_dir
        Directory of the product: receives ``calibrated.ms``.
    scratch
        Room for the working copy.
    beyond_validity
        Apply the bandpass of a set that is older than its range.

    Returns
    -------
    dict
        ``metrics`` [{name, value, detail}], ``figures``, ``ms`` (path), ``tables`` (kinds applied).
    """
    telescope = Profile.model_validate(profile)
    with tempfile.TemporaryDirectory(prefix="apply-", dir=scratch) as room:
        return apply_set(
            Path(ms),
            FlagSet.load(Path(flags)),
            Path(calibration),
            telescope,
            Path(out_dir),
            Path(room),
            beyond_validity=beyond_validity,
        )
