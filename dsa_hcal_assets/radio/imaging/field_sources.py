"""The sources beside a calibrator, as one quick image of its field shows them."""

import shutil
from pathlib import Path

from dsa_hcal_assets.radio.calibration.standards import Calibrator
from dsa_hcal_assets.radio.imaging.bright_sources import TakenOut, take_out
from dsa_hcal_assets.radio.imaging.exposure import exposure_of, read_samples
from dsa_hcal_assets.radio.imaging.field_image import FieldTask
from dsa_hcal_assets.radio.imaging.imager import image
from dsa_hcal_assets.radio.imaging.primary_beam import write_beam
from dsa_hcal_assets.radio.imaging.sources import FoundSource, find_sources


def sources_beside(calibrator: Calibrator, ms: Path, task: FieldTask, scratch: Path) -> list[FoundSource]:
    """Return what an image shows without the calibrator; where the beam follows the sky, also with it.

    Parameters
    ----------
    calibrator
        Known place and flux density; a drifting one is subtracted from the data.
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
        take_out(left, [TakenOut(calibrator, exposure.apparent_jy(calibrator))], task.centre_deg, exposure)
    planes = image(left, scratch / "beside", task.parameters, task.imager).planes
    beams = write_beam(planes["image"], exposure, task.telescope.imaging.pblimit)
    return find_sources(planes["image"], beams["pb"], planes["residual"])
