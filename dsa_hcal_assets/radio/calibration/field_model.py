"""The other sources in a calibrator's beam, found in images made with calibrations that get better.

With few antennas, gains solved in short intervals absorb part of what the model leaves out: with 20
antennas unmodelled sources lose up to 16 % of their flux density, after one image up to 4 %, after
three below 1 %. (The one place where calibration calls imaging; the imports are inside for that
reason.)
"""

from collections.abc import Sequence
from pathlib import Path

from dsa_hcal_assets.radio.calibration.application import apply_set
from dsa_hcal_assets.radio.calibration.calibrator_group import CalibratorGroup
from dsa_hcal_assets.radio.calibration.standards import Calibrator, separation_deg

# typical spectral index of sources at 1.4 GHz (Condon 1984, ApJ 287, 461)
INDEX = -0.7
COARSER = 2.0
MOST_PIXELS = 1280


MOST_ROUNDS = 3
# What gains absorb goes down with the number of antennas: from so many on one image is enough, which
# matters there, because an image then takes a minute.
MANY_ANTENNAS = 48
# flux densities that change by less from round to round have settled
SETTLED = 0.01
# the same source in two images: two pixels apart at most
SAME_ARCSEC = 12.0


def field_model(group: CalibratorGroup, imager: str, scratch: Path) -> Sequence[Calibrator]:
    """Return the sources beside the calibrator, with flux densities free of the primary beam.

    Each round solves with what the round before found, and images the result, until flux densities
    have settled or three rounds are done; with many antennas one round does.

    Parameters
    ----------
    group
        Group with the calibrator.
    imager
        "auto", "wsclean" or "tclean".
    scratch
        Room for calibration sets, calibrated data and images.
    """
    sources: Sequence[Calibrator] = ()
    for number in range(1, MOST_ROUNDS + 1):
        room = scratch / f"round{number}"
        made = group.solve(room / "tables", sources)
        before, sources = sources, _image_sources(group, imager, room)
        if len(made.antennas) >= MANY_ANTENNAS or have_settled(before, sources):
            break
    return sources


def have_settled(before: Sequence[Calibrator], after: Sequence[Calibrator]) -> bool:
    """Tell whether every source was there before, with the same flux density to a hundredth."""
    return all(
        any(
            separation_deg(old.ra_deg, old.dec_deg, new.ra_deg, new.dec_deg) * 3600 <= SAME_ARCSEC
            and abs(new.flux_jy(1.4e9) / old.flux_jy(1.4e9) - 1) <= SETTLED
            for old in before
        )
        for new in after
    )


def _image_sources(group: CalibratorGroup, imager: str, room: Path) -> Sequence[Calibrator]:
    telescope = group.telescope
    from dsa_hcal_assets.radio.imaging.job import make_images
    from dsa_hcal_assets.radio.imaging.sources import find_sources

    applied = apply_set(group.ms, group.flags, room / "tables", telescope, room / "applied", room)
    images = room / "image"
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
        pointing_dec_deg=group.pointing_dec_deg,
        scratch=str(room),
    )
    found = []
    for image in sorted(images.glob("*/image.fits")):
        sources = find_sources(image, image.with_name("pb.fits"), image.with_name("residual.fits"))
        found += [
            Calibrator.of_power_law(f"F{number}", one.ra_deg, one.dec_deg, one.jy, INDEX, one.frequency_hz)
            for number, one in enumerate(sources[1:], start=1)  # the first, brightest one is the calibrator
        ]
    return found
