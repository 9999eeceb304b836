"""What an image is a mean over: moments, channels and weights of one field, seen through the beam."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.calibration.beam import airy
from dsa_hcal_assets.radio.calibration.standards import Calibrator
from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Samples:
    """The (u, v) samples of one spectral window, cross-correlations only, without their data.

    Attributes
    ----------
    uvw_m
        Shape (n_row, 3), m.
    time_s
        UTC MJD seconds, shape (n_row,).
    exposure_s
        Shape (n_row,), s.
    frequency_hz, width_hz
        Channels, shape (n_channel,).
    weight
        Sum over the parallel hands of the weights of what is not flagged, shape (n_row, n_channel).
    hands
        How many parallel hands are not flagged, same shape.
    """

    uvw_m: Floats
    time_s: Floats
    exposure_s: Floats
    frequency_hz: Floats
    width_hz: Floats
    weight: NDArray[np.float32]
    hands: NDArray[np.int8]


def read_samples(ms: Path) -> list[Samples]:
    """Read the samples of a set of one field, a record each spectral window.

    Raises
    ------
    BadInput
        If it has no unflagged cross-correlation.
    """
    from casacore.tables import table

    with table(str(ms / "DATA_DESCRIPTION"), **READ_ONLY) as descriptions:
        spectral_ids = descriptions.getcol("SPECTRAL_WINDOW_ID")
    found = []
    with table(str(ms), **READ_ONLY) as main, table(str(ms / "SPECTRAL_WINDOW"), **READ_ONLY) as spectral:
        cross = main.getcol("ANTENNA1") != main.getcol("ANTENNA2")
        used = main.getcol("DATA_DESC_ID")
        for description in np.unique(used[cross]):
            with main.selectrows(np.flatnonzero(cross & (used == description))) as rows:
                good = ~(rows.getcol("FLAG") | rows.getcol("FLAG_ROW")[:, None, None])[:, :, [0, -1]]
                weight = rows.getcol("WEIGHT")[:, None, :]
                if "WEIGHT_SPECTRUM" in rows.colnames() and rows.iscelldefined("WEIGHT_SPECTRUM", 0):
                    weight = rows.getcol("WEIGHT_SPECTRUM")
                number = int(spectral_ids[description])
                found.append(
                    Samples(
                        rows.getcol("UVW"),
                        rows.getcol("TIME"),
                        rows.getcol("EXPOSURE"),
                        np.asarray(spectral.getcell("CHAN_FREQ", number), np.float64),
                        np.abs(spectral.getcell("CHAN_WIDTH", number)),
                        (weight[:, :, [0, -1]] * good).sum(axis=2, dtype=np.float32),
                        good.sum(axis=2, dtype=np.int8),
                    )
                )
    if not any(one.weight.any() for one in found):
        raise BadInput(f"{ms.name} has nothing to image", found="every cross-correlation is flagged")
    return found


@dataclass(frozen=True)
class Exposure:
    """Where the beam pointed and at which frequencies, each with its share of an image's weight.

    Attributes
    ----------
    centres_deg
        ICRS (ra, dec) of the beam's centre, shape (n_moment, 2), deg; one moment when it follows the sky.
    moment_share
        Shape (n_moment,), sum 1.
    frequency_hz, channel_share
        Shape (n_channel,), Hz; sum 1.
    diameter_m
        Diameter whose Airy disk is the beam, m.
    """

    centres_deg: Floats
    moment_share: Floats
    frequency_hz: Floats
    channel_share: Floats
    diameter_m: float

    def of_channels(self, first: int, end: int) -> "Exposure":
        """Return what an image of the channels from `first` to before `end` is a mean over."""
        share = self.channel_share[first:end]
        return replace(self, frequency_hz=self.frequency_hz[first:end], channel_share=share / share.sum())

    @property
    def drifts(self) -> bool:
        """Whether the beam moves over the field."""
        return len(self.centres_deg) > 1

    @property
    def middle_hz(self) -> float:
        """Mean frequency by weight, Hz."""
        return float(self.frequency_hz @ self.channel_share)

    def profile(self, separation_deg: Floats) -> Floats:
        """Return the mean over the channels of the response at a distance from the centre, deg."""
        response = airy(separation_deg[..., None], self.frequency_hz, self.diameter_m)
        return np.asarray(response @ self.channel_share)

    def apparent_jy(self, source: Calibrator) -> float:
        """Return the flux density with which a source appears in the image: its mean over the weights."""
        flux = np.array([source.flux_jy(value) for value in self.frequency_hz])
        distance = separations_deg(source.ra_deg, source.dec_deg, self.centres_deg)
        response = airy(distance[:, None], self.frequency_hz, self.diameter_m)
        return float(self.moment_share @ response @ (self.channel_share * flux))


def exposure_of(
    samples: list[Samples],
    diameter_m: float,
    centre_deg: tuple[float, float],
    drift: tuple[float, float] | None = None,
) -> Exposure:
    """Return the exposure of a field.

    Parameters
    ----------
    samples
        Its data.
    diameter_m
        Diameter whose Airy disk is the beam, m.
    centre_deg
        Where the beam stands on the sky, ICRS (ra, dec), deg.
    drift
        Instead: apparent declination and east longitude (deg) of dishes that stand on the meridian.
    """
    times, where = np.unique(np.concatenate([one.time_s for one in samples]), return_inverse=True)
    moments = np.bincount(where, np.concatenate([one.weight.sum(axis=1) for one in samples]))
    channels = np.concatenate([one.weight.sum(axis=0, dtype=np.float64) for one in samples])
    centres, shares = np.array([centre_deg]), np.ones(1)
    if drift is not None:
        centres, shares = drift_centres(times, *drift), moments / moments.sum()
    frequency = np.concatenate([one.frequency_hz for one in samples])
    return Exposure(centres, shares, frequency, channels / channels.sum(), diameter_m)


def drift_centres(times_s: Floats, declination_deg: float, longitude_deg: float) -> Floats:
    """Return where a meridian telescope points, ICRS (ra, dec) in deg, shape (n_time, 2).

    Parameters
    ----------
    times_s
        UTC MJD seconds.
    declination_deg
        Apparent declination of the pointing, deg.
    longitude_deg
        East longitude, deg.
    """
    import erfa
    from astropy.time import Time

    time = Time(np.asarray(times_s) / 86400.0, format="mjd", scale="utc")
    # meridian: hour angle 0, so the right ascension from the intermediate origin is the rotation angle
    angle = erfa.era00(time.utc.jd1, time.utc.jd2) + np.radians(longitude_deg)
    ra, dec, _ = erfa.atic13(angle, np.radians(declination_deg), time.tt.jd1, time.tt.jd2)
    return np.stack([np.degrees(ra) % 360.0, np.degrees(dec)], axis=1)


def separations_deg(ra_deg: float, dec_deg: float, centres_deg: Floats) -> Floats:
    """Return the distances of a position from others, shape (n, 2), all in deg."""
    a, d = np.radians(centres_deg).T
    ra, dec = np.radians([ra_deg, dec_deg])
    # half the chord keeps full precision at small distances
    squared = np.sin((dec - d) / 2) ** 2 + np.cos(dec) * np.cos(d) * np.sin((ra - a) / 2) ** 2
    return np.asarray(np.degrees(2 * np.arcsin(np.sqrt(np.clip(squared, 0, 1)))))
