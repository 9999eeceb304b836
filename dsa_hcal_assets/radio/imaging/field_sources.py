"""The sources beside those that are known, as one quick image of a field shows them."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from dsa_hcal_assets.radio.calibration.standards import Calibrator
from dsa_hcal_assets.radio.imaging.bright_sources import TakenOut, take_out
from dsa_hcal_assets.radio.imaging.exposure import exposure_of, read_samples
from dsa_hcal_assets.radio.imaging.field_image import FieldTask
from dsa_hcal_assets.radio.imaging.imager import image
from dsa_hcal_assets.radio.imaging.primary_beam import write_beam
from dsa_hcal_assets.radio.imaging.sources import FoundSource, find_sources


def sources_beside(
    known: Sequence[Calibrator], ms: Path, task: FieldTask, scratch: Path
) -> list[FoundSource]:
    """Return what an image shows without the known sources; where the beam follows the sky, also with them.

    Parameters
    ----------
    known
        Sources of known place and flux density, the calibrator first; drifting ones are subtracted.
    ms
        Calibrated set of one field; only read.
    task
        The image to be made.
    scratch
        Room for a copy of the set and the image.
    """
    beam = task.drift_beam(ms)
    drift = (beam.declination_deg, beam.longitude_deg) if beam else None
    exposure = exposure_of(read_samples(ms), task.beam_diameter_m, task.centre_deg, drift)
    left = ms
    if beam:
        left = scratch / "beside.ms"
        shutil.copytree(ms, left)
        taken = [TakenOut(one, exposure.apparent_jy(one)) for one in known]
        take_out(left, taken, task.centre_deg, exposure)
    planes = image(left, scratch / "beside", task.parameters, task.imager).planes
    beams = write_beam(planes["image"], exposure, task.telescope.imaging.pblimit)
    return find_sources(planes["image"], beams["pb"], planes["residual"])
