"""The primary beam over an image: an Airy disk, standing still or drifting with the sky."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.radio.calibration.beam import airy
from dsa_hcal_assets.radio.imaging.measurements import celestial

DRIFT_STEPS = 9


def drift_centres(
    start: datetime, end: datetime, declination_deg: float, longitude_deg: float
) -> list[tuple[float, float]]:
    """Return where a meridian telescope points in the course of a group, ICRS (ra, dec), deg.

    Parameters
    ----------
    start, end
        First and last moment, aware.
    declination_deg
        Apparent declination of the pointing, deg.
    longitude_deg
        East longitude, deg.
    """
    import erfa
    from astropy.time import Time

    duration = require_utc(end) - require_utc(start)
    centres = []
    for step in range(DRIFT_STEPS):
        time = Time(require_utc(start) + duration * ((step + 0.5) / DRIFT_STEPS), scale="utc")
        # meridian: hour angle 0, so the right ascension from the intermediate origin is the rotation angle
        angle = erfa.era00(time.utc.jd1, time.utc.jd2) + np.radians(longitude_deg)
        ra, dec, _ = erfa.atic13(angle, np.radians(declination_deg), time.tt.jd1, time.tt.jd2)
        centres.append((float(np.degrees(ra)) % 360.0, float(np.degrees(dec))))
    return centres


def beam_image(
    header: Any,
    centres: Sequence[tuple[float, float]],
    diameter_m: float,
    frequency_hz: float,
) -> NDArray[np.float32]:
    """Return the mean response over the beam's centres at each pixel, shape (ny, nx); NaN off the sky.

    Parameters
    ----------
    header
        FITS header with a celestial coordinate system.
    centres
        ICRS (ra, dec) of the beam's centre, deg; several when it drifts.
    diameter_m
        Diameter whose Airy disk is the beam, m.
    frequency_hz
        Frequency, Hz.
    """
    sky = celestial(header)
    y, x = np.mgrid[0 : int(header["NAXIS2"]), 0 : int(header["NAXIS1"])]
    ra, dec = (np.radians(values) for values in sky.wcs_pix2world(x, y, 0))
    pixel = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    total = np.zeros(x.shape)
    for centre in centres:
        a, d = np.radians(centre)
        towards = np.array([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])
        chord = np.sqrt(((pixel - towards[:, None, None]) ** 2).sum(axis=0))
        total += airy(np.degrees(2 * np.arcsin(np.clip(chord / 2, 0, 1))), frequency_hz, diameter_m)
    return np.asarray(total / len(centres), dtype=np.float32)


def write_beam(
    image: Path, centres: Sequence[tuple[float, float]], diameter_m: float, pblimit: float
) -> dict[str, Path]:
    """Write ``pb.fits`` and ``image_pbcor.fits`` beside an image.

    The corrected image is NaN where the beam is below `pblimit`.
    """
    from astropy.io import fits

    with fits.open(image) as opened:
        header, data = opened[0].header.copy(), opened[0].data
        plane = np.asarray(data, dtype=np.float32).reshape(data.shape[-2:])
    frequency = reference_frequency(header)
    beam = beam_image(header, centres, diameter_m, frequency)
    corrected = np.where(beam >= max(pblimit, 1e-3), plane / np.maximum(beam, 1e-3), np.nan)
    made = {}
    for name, values in (("pb", beam), ("image_pbcor", corrected.astype(np.float32))):
        made[name] = image.with_name(f"{name}.fits")
        kept = header.copy()
        if name == "pb":
            kept["BUNIT"] = ""
        fits.writeto(made[name], values.reshape(data.shape), kept, overwrite=True)
    return made


def reference_frequency(header: Any) -> float:
    """Return the frequency of an image from its frequency axis, Hz."""
    for axis in range(1, int(header["NAXIS"]) + 1):
        if str(header.get(f"CTYPE{axis}", "")).startswith("FREQ"):
            return float(header[f"CRVAL{axis}"])
    return float(header.get("RESTFRQ", header.get("RESTFREQ", np.nan)))
