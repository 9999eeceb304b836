"""Bright sources of known place and spectrum are taken out of the data and put back into the image.

A clean component is constant in time and frequency. A source that drifts through a standing beam over
a wide band is neither: what cleaning leaves of 3C147 (22 Jy) are side lobes of five times the noise of
20 antennas, which cost fainter sources up to 7 % of their flux density. Taken out with its drift and
spectrum it leaves none. Where the known flux density or place is wrong, the difference stays in the
data and is cleaned like anything else, so the image shows what was observed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.calibration.beam import airy
from dsa_hcal_assets.radio.calibration.prediction import predict
from dsa_hcal_assets.radio.calibration.standards import Calibrator
from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY
from dsa_hcal_assets.radio.imaging.exposure import Exposure, separations_deg
from dsa_hcal_assets.radio.imaging.measurements import Plane, read_plane

Floats = NDArray[np.float64]
ROW_BLOCK = 4096
# What cleaning leaves of 60 sources above 0.1 Jy, 20 antennas: as much as the noise again if those above 200
# sigma and 0.3 of the beam are taken out, 9 % more with these limits. Sources far out in the beam matter:
# they drift most, and the image ends before them.
BRIGHT_SIGMA = 30.0
LEAST_RESPONSE = 0.05
MOST_SOURCES = 60


@dataclass(frozen=True)
class TakenOut:
    """A source that was subtracted from the data, and its mean flux density there, Jy."""

    source: Calibrator
    apparent_jy: float


def bright_among(sources: Sequence[Calibrator], exposure: Exposure, noise_jy: float) -> list[TakenOut]:
    """Return the sources that stand far above the noise (Jy/beam), as they appear, the brightest first.

    None where the beam follows the sky:
    A tracked source is constant in time, and what its spectrum leaves over a narrow band is nothing.
    """
    if not exposure.drifts:
        return []
    found, limit = [], BRIGHT_SIGMA * noise_jy
    for source in sources:
        distance = separations_deg(source.ra_deg, source.dec_deg, exposure.centres_deg)
        response = float(exposure.profile(distance) @ exposure.moment_share)
        # the profile has further maxima beyond its first zero
        if response >= LEAST_RESPONSE and (seen := exposure.apparent_jy(source)) >= limit:
            found.append(TakenOut(source, seen))
    return sorted(found, key=lambda one: one.apparent_jy, reverse=True)[:MOST_SOURCES]


def take_out(
    ms: Path, taken: Sequence[TakenOut], centre_deg: tuple[float, float], exposure: Exposure
) -> None:
    """Subtract sources from DATA (parallel hands) of a single-field set, which is changed in place.

    Parameters
    ----------
    ms
        Working copy.
    taken
        What is subtracted.
    centre_deg
        Phase centre, ICRS (ra, dec), deg.
    exposure
        Where the beam was at each moment of the set.
    """
    from casacore.tables import table

    if not taken:
        return
    sources = [one.source for one in taken]
    with table(str(ms / "DATA_DESCRIPTION"), **READ_ONLY) as descriptions:
        spectral_ids = descriptions.getcol("SPECTRAL_WINDOW_ID")
    with (
        table(str(ms), readonly=False, ack=False) as main,
        table(str(ms / "SPECTRAL_WINDOW"), **READ_ONLY) as spectral,
    ):
        used = main.getcol("DATA_DESC_ID")
        cross = main.getcol("ANTENNA1") != main.getcol("ANTENNA2")
        moments = np.unique(main.getcol("TIME")[cross])
        for description in np.unique(used):
            frequency = np.asarray(spectral.getcell("CHAN_FREQ", int(spectral_ids[description])))
            shares = [_share(one, frequency, exposure) for one in sources]
            rows = np.flatnonzero((used == description) & cross)
            for start in range(0, rows.size, ROW_BLOCK):
                with main.selectrows(rows[start : start + ROW_BLOCK]) as chosen:
                    at = np.searchsorted(moments, chosen.getcol("TIME"))
                    model = predict(
                        chosen.getcol("UVW"), frequency, centre_deg, sources, [one[at] for one in shares]
                    )
                    data = chosen.getcol("DATA")
                    data[:, :, 0] -= model
                    if data.shape[2] > 1:
                        data[:, :, -1] -= model
                    chosen.putcol("DATA", data)


def put_back(image: Path, model: Path, taken: Sequence[TakenOut]) -> None:
    """Add sources to an image, with its restoring beam, and to the model's nearest pixels."""
    plane, components = read_plane(image), read_plane(model)
    for one in taken:
        x, y = plane.pixel_of(one.source.ra_deg, one.source.dec_deg)
        plane.add_beam(x, y, one.apparent_jy)
        column, row = round(x), round(y)
        if 0 <= row < components.values.shape[0] and 0 <= column < components.values.shape[1]:
            components.values[row, column] += one.apparent_jy
    _replace(image, plane)
    _replace(model, components)


def _share(source: Calibrator, frequency_hz: Floats, exposure: Exposure) -> Floats:
    distance = separations_deg(source.ra_deg, source.dec_deg, exposure.centres_deg)
    return airy(distance[:, None], frequency_hz, exposure.diameter_m)


def _replace(path: Path, plane: Plane) -> None:
    from astropy.io import fits

    with fits.open(path, mode="update") as opened:
        opened[0].data[...] = plane.values.reshape(opened[0].data.shape)
