"""The image of one field: bright sources aside, through an imaging program, with its primary beam."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dsa_hcal_assets.radio.calibration.beam import DriftBeam
from dsa_hcal_assets.radio.calibration.fields import Field, span
from dsa_hcal_assets.radio.calibration.standards import Calibrator
from dsa_hcal_assets.radio.imaging.bright_sources import TakenOut, bright_among, put_back, take_out
from dsa_hcal_assets.radio.imaging.exposure import Exposure, exposure_of, read_samples
from dsa_hcal_assets.radio.imaging.first_look import bright_in_field, look_channels
from dsa_hcal_assets.radio.imaging.imager import ImageParameters, ImageReport, ImagerName, image
from dsa_hcal_assets.radio.imaging.primary_beam import write_beam
from dsa_hcal_assets.radio.imaging.weighting import expected_noise_jy
from dsa_hcal_assets.radio.profiles.model import Profile


@dataclass(frozen=True)
class FieldTask:
    """What is to be imaged, and how.

    Attributes
    ----------
    field
        The field; its centre is the phase centre.
    telescope, parameters, imager
        Profile, image asked for, program.
    pointing_dec_deg
        Apparent declination of a drift scan; None: the beam follows the field.
    bright
        Sources of known place and spectrum that may be in the beam.
    """

    field: Field
    telescope: Profile
    parameters: ImageParameters
    imager: ImagerName
    pointing_dec_deg: float | None
    bright: Sequence[Calibrator] = ()

    @property
    def centre_deg(self) -> tuple[float, float]:
        """Phase centre, ICRS (ra, dec), deg."""
        return self.field.ra_deg, self.field.dec_deg

    def drift_beam(self, ms: Path) -> DriftBeam | None:
        """Return the beam that stands on the meridian; None where it follows the field."""
        if self.pointing_dec_deg is None or not self.telescope.imaging.beam_drifts:
            return None
        return DriftBeam(self.pointing_dec_deg, span(ms).longitude_deg, self.beam_diameter_m)

    @property
    def beam_diameter_m(self) -> float:
        """Diameter whose Airy disk is the primary beam, m."""
        return self.telescope.imaging.beam_diameter_m or self.telescope.dish_diameter_m


@dataclass(frozen=True)
class FieldImage:
    """An image, its primary beam and corrected image, and what it is a mean over."""

    report: ImageReport
    beams: dict[str, Path]
    exposure: Exposure
    taken: tuple[TakenOut, ...]
    expected_noise_jy: float


def image_field(ms: Path, directory: Path, task: FieldTask, scratch: Path) -> FieldImage:
    """Image a calibrated set of one field; write the planes, ``pb.fits`` and ``image_pbcor.fits``.

    Parameters
    ----------
    ms
        Single-field set; only read.
    directory
        Where the FITS files go.
    task
        What is wanted.
    scratch
        Room for a copy of the set, where sources are taken out of it.

    Raises
    ------
    BadInput
        If all data are flagged.
    ImagingFailed, ProgramFailed, DeadlineExceeded
        If the imaging program fails.
    """
    samples = read_samples(ms)
    beam = task.drift_beam(ms)
    drift = (beam.declination_deg, beam.longitude_deg) if beam else None
    exposure = exposure_of(samples, task.beam_diameter_m, task.centre_deg, drift)
    noise = expected_noise_jy(samples, task.telescope.sefd_jy, task.parameters)
    left, taken = _without_bright(ms, task, exposure, noise, look_channels(samples), scratch)
    report = image(left, directory, task.parameters, task.imager)
    if taken:
        put_back(report.planes["image"], report.planes["model"], taken)
    if left != ms:
        shutil.rmtree(left)
    beams = write_beam(report.planes["image"], exposure, task.telescope.imaging.pblimit)
    return FieldImage(report, beams, exposure, tuple(taken), noise)


def _without_bright(
    ms: Path,
    task: FieldTask,
    exposure: Exposure,
    noise_jy: float,
    channels: tuple[int, int] | None,
    scratch: Path,
) -> tuple[Path, list[TakenOut]]:
    """Return a copy without its bright sources, and these: those known, then those a first look finds.

    It is the set itself where the beam follows the sky, and for a dirty image, which shows the data as
    they are.
    """
    if not exposure.drifts or not task.parameters.niter:
        return ms, []
    left = scratch / "without-bright.ms"
    shutil.copytree(ms, left)
    known = bright_among(task.bright, exposure, noise_jy)
    take_out(left, known, task.centre_deg, exposure)
    with tempfile.TemporaryDirectory(prefix="look-", dir=scratch) as room:
        seen = bright_in_field(left, Path(room), task.parameters, task.imager, exposure, noise_jy, channels)
    found = bright_among(seen, exposure, noise_jy)
    take_out(left, found, task.centre_deg, exposure)
    return left, known + found
