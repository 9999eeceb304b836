"""A first, coarse look at a drift scan: the bright sources of its field, to be taken out before cleaning.

A clean component is constant in time; a source half a degree off a standing beam's centre changes by a
third while one tile is observed. Cleaned as they are, five sources of half a jansky left side lobes as high
as the noise of 20 antennas. With a catalogue of the field they are known beforehand; without one, and
for what it does not list, this look finds them.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dsa_hcal_assets.radio.calibration.standards import Calibrator
from dsa_hcal_assets.radio.catalogues.calibrators import TYPICAL_INDEX
from dsa_hcal_assets.radio.imaging.bright_sources import BRIGHT_SIGMA, LEAST_RESPONSE
from dsa_hcal_assets.radio.imaging.exposure import Exposure, Samples
from dsa_hcal_assets.radio.imaging.imager import ImageParameters, ImagerName, image
from dsa_hcal_assets.radio.imaging.measurements import noise_jy, read_plane
from dsa_hcal_assets.radio.imaging.primary_beam import write_beam
from dsa_hcal_assets.radio.imaging.sources import find_sources

COARSER = 2
# sources beyond the image drift most
WIDER = 1.5
# sources are cleaned down to this share of the faintest that is wanted
CLEANED_SHARE = 0.5
# a source is not told from side lobes below this times the look's own noise
LEAST_SIGMA = 10.0
# fewer are all taken
LEAST_CHANNELS = 64
# of 48 antennas; with 20 a quarter of the band showed thirty side lobes as sources
LEAST_BASELINES = 1128


def look_channels(samples: Sequence[Samples]) -> tuple[int, int] | None:
    """Return the channels a look takes: the middle quarter of a wide window with many baselines; None: all.

    A quarter of the band costs a quarter. Its noise is twice as high, and still far below what is looked
    for; its side lobes are only low enough where many antennas fill the (u, v) plane without the others.
    """
    number = len(samples[0].frequency_hz)
    baselines = len(samples[0].time_s) / len(np.unique(samples[0].time_s))
    if len(samples) > 1 or number < LEAST_CHANNELS or baselines < LEAST_BASELINES:
        return None
    first, end = number * 3 // 8, number * 5 // 8
    return (first, end) if samples[0].weight[:, first:end].any() else None


def look_parameters(
    parameters: ImageParameters, expected_noise_jy: float, channels: tuple[int, int] | None = None
) -> ImageParameters:
    """Return the parameters of the look: a wider field, coarser pixels, cleaned no deeper than it needs."""
    side = int(parameters.imsize * WIDER / COARSER)
    return parameters.model_copy(
        update={
            "imsize": max(64, side + side % 2),
            "cell_arcsec": parameters.cell_arcsec * COARSER,
            "channel_range": channels,
            "threshold_jy": CLEANED_SHARE * BRIGHT_SIGMA * expected_noise_jy,
            # a full clean costs several times as much and finds the same sources
            "mgain": 0.95,
            "most_passes": 1,
            "scales": (),
            "nterms": 1,
        }
    )


def bright_in_field(
    ms: Path,
    directory: Path,
    parameters: ImageParameters,
    imager: ImagerName,
    exposure: Exposure,
    expected_noise_jy: float,
    channels: tuple[int, int] | None = None,
) -> list[Calibrator]:
    """Return the sources an image shows far above the noise, with a typical spectral index.

    Parameters
    ----------
    ms
        Calibrated set of one field; only read.
    directory
        Room for the look's images.
    parameters, imager
        The image that is to be made.
    exposure, expected_noise_jy
        What it is a mean over, and its noise, Jy/beam.
    channels
        Those the look takes (`look_channels`); all when None.
    """
    look = look_parameters(parameters, expected_noise_jy, channels)
    planes = image(ms, directory, look, imager).planes
    exposure = exposure.of_channels(*channels) if channels else exposure
    beam = write_beam(planes["image"], exposure, pblimit=-1)["pb"]
    limit = BRIGHT_SIGMA * expected_noise_jy
    sigma = max(LEAST_SIGMA, limit / noise_jy(read_plane(planes["residual"])))
    found = find_sources(planes["image"], beam, planes["residual"], sigma=sigma, beam_floor=LEAST_RESPONSE)
    return [
        Calibrator.of_power_law(
            f"F{number}", one.ra_deg, one.dec_deg, one.jy, TYPICAL_INDEX, one.frequency_hz
        )
        for number, one in enumerate(found, start=1)
    ]
