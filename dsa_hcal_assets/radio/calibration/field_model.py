"""The other sources in a calibrator's beam, found in an image made with a first calibration.

With few antennas, gains solved in short intervals absorb part of what the model leaves out: with 20
antennas unmodelled sources lose up to 16 % of their flux density. A second solve with the sources of
a first image in the model brings that below some percent. (The one place where calibration calls
imaging; the imports are inside for that reason.)
"""

from collections.abc import Sequence
from pathlib import Path

from dsa_hcal_assets.radio.calibration.application import apply_set
from dsa_hcal_assets.radio.calibration.standards import Calibrator
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.profiles.model import Profile

# typical spectral index of sources at 1.4 GHz (Condon 1984, ApJ 287, 461)
INDEX = -0.7
COARSER = 2.0
MOST_PIXELS = 1280


def field_model(
    ms: Path,
    flags: FlagSet,
    calibration: Path,
    telescope: Profile,
    pointing_dec_deg: float | None,
    imager: str,
    scratch: Path,
) -> Sequence[Calibrator]:
    """Return the sources beside the calibrator, with flux densities free of the primary beam.

    Parameters
    ----------
    ms, flags
        The group.
    calibration
        First calibration set.
    telescope, pointing_dec_deg
        For the image and the primary beam.
    imager
        "auto", "wsclean" or "tclean".
    scratch
        Room for the calibrated set and the image.
    """
    from dsa_hcal_assets.radio.imaging.job import make_images
    from dsa_hcal_assets.radio.imaging.sources import find_sources

    applied = apply_set(ms, flags, calibration, telescope, scratch / "first-applied", scratch)
    images = scratch / "first-image"
    make_images(
        applied["ms"],
        telescope.model_dump(mode="json"),
        str(images),
        imager,  # type: ignore[arg-type]
        overrides={
            "imsize": min(telescope.imaging.imsize, MOST_PIXELS),
            "cell_arcsec": telescope.imaging.cell_arcsec * COARSER,
            "uvrange_lambda": 0.0,
            "niter": 2000,
        },
        pointing_dec_deg=pointing_dec_deg,
        scratch=str(scratch),
    )
    found = []
    for image in sorted(images.glob("*/image.fits")):
        sources = find_sources(image, image.with_name("pb.fits"), image.with_name("residual.fits"))
        found += [
            Calibrator.of_power_law(f"F{number}", one.ra_deg, one.dec_deg, one.jy, INDEX, one.frequency_hz)
            for number, one in enumerate(sources[1:], start=1)  # the first, brightest one is the calibrator
        ]
    return found
