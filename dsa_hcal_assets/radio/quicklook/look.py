"""`quicklook`: subbands and a calibration set in, a calibrated image and its measurements out."""

import json
import math
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.radio.calibration import application_metrics
from dsa_hcal_assets.radio.conversion import staging
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
from dsa_hcal_assets.radio.conversion.stopwatch import Stopwatch
from dsa_hcal_assets.radio.imaging.imager import ImageReport, ImagerName
from dsa_hcal_assets.radio.imaging.measurements import fit_source, noise_jy, peak, read_plane
from dsa_hcal_assets.radio.imaging.provenance import stamp
from dsa_hcal_assets.radio.imaging.thumbnail import write_thumbnail
from dsa_hcal_assets.radio.ingest.uvh5 import read_header
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.radio.quicklook.image import quick_image, quick_parameters
from dsa_hcal_assets.radio.quicklook.imaging_set import ImagingSet, middle_of, write_imaging_set

IMAGE = "image.fits"


@dataclass(frozen=True)
class Quicklook:
    """A quick look at a group.

    Attributes
    ----------
    metrics
        [{name, value, detail}] as the thresholds of stage ``quicklook_image`` judge them.
    measured
        Image: ``rms``, ``peak``, ``expected_noise`` (Jy/beam), place of the peak (deg), beam (arcsec).
    began_at
        UTC, ISO 8601.
    elapsed
        Seconds from then on, by the clock, until each step was done: ``read``, ``calibrated``,
        ``imaged``, ``measured``.
    work_seconds
        What parts of the pass over the data took, added up over threads.
    figures
        [{caption, path}].
    """

    metrics: list[dict[str, Any]]
    measured: dict[str, float]
    began_at: str
    elapsed: dict[str, float]
    work_seconds: dict[str, float]
    calibration: dict[str, Any]
    imager: str
    parameters: dict[str, Any]
    figures: list[dict[str, str]]

    def as_json(self) -> dict[str, Any]:
        """Return the quick look as JSON types."""
        return asdict(self)


def quicklook(
    files: Sequence[Path],
    profile: Profile,
    calibration_set: Path,
    out: Path,
    *,
    phase_centre: PhaseCentre | None = None,
    imager: ImagerName = "auto",
    beyond_validity: bool = False,
) -> Quicklook:
    """Look at a group of subbands: calibrate, average and image it in one go.

    The averaged set lives in memory (/dev/shm) when it fits, else beside `out`, and is gone afterwards.
    Only the image, residual, psf and model (FITS), a picture and ``quicklook.json`` are kept.

    Parameters
    ----------
    files
        UVH5 subbands of one group, in any order.
    profile
        Of the telescope.
    calibration_set
        Directory of the calibration set that holds at the group's time (`registry.set_for`).
    out
        Directory for the results; made when absent.
    phase_centre
        Where to phase to; default: the profile's policy, the meridian at mid-time for a calibrator's.
    imager
        Program to use.
    beyond_validity
        Apply the bandpass of a set that is older than its range; how old is among the metrics.

    Raises
    ------
    NotQuick, NoTableHolds
        If the set cannot be applied in one pass, or not at this time.
    PlatformError
        For subbands that cannot be converted, or an imaging program that fails.
    """
    began_at, begun, watch = utc_now(), time.monotonic(), Stopwatch()
    out.mkdir(parents=True, exist_ok=True)
    parameters = quick_parameters(profile.imaging)
    with tempfile.TemporaryDirectory(prefix="quicklook-", dir=_room(files, out)) as room:
        ms = Path(room) / "averaged.ms"
        made = write_imaging_set(
            files, profile, calibration_set, ms, phase_centre, watch, beyond_validity=beyond_validity
        )
        report = quick_image(ms, out, parameters, imager)
        imaged_at = time.monotonic()
        metrics = application_metrics.measure(ms, made.tallies, made.described)
        metrics += application_metrics.age(made.described, middle_of(made.plan))
    measured = _measure(report, expected_noise_jy(made, profile))
    for path in report.planes.values():
        stamp(path, report, parameters, {"CALSET": made.described.group})
    moments = {
        "read": made.read_at,
        "calibrated": made.written_at,
        "imaged": imaged_at,
        "measured": time.monotonic(),
    }
    elapsed = {name: round(moment - begun, 3) for name, moment in moments.items()}
    found = Quicklook(
        metrics=metrics + _image_metrics(measured, elapsed["measured"]),
        measured=measured,
        began_at=began_at.isoformat(),
        elapsed=elapsed,
        work_seconds=watch.seconds,
        calibration={"group": made.described.group, "tables": made.tables, "average": made.average},
        imager=f"{report.imager} {report.version}",
        parameters=parameters.model_dump(mode="json"),
        figures=[_picture(report, measured, out)],
    )
    (out / "quicklook.json").write_text(json.dumps(found.as_json(), indent=1), encoding="utf-8")
    return found


def expected_noise_jy(made: ImagingSet, profile: Profile) -> float:
    """Return the radiometer's noise of a naturally weighted Stokes I image, Jy/beam.

    sigma = SEFD / sqrt(2 sum(bandwidth x time)) over all unflagged visibilities of both receptors
    (Thompson, Moran and Swenson 2017, eq. 6.50, efficiency 1).
    """
    exposure = float(np.median(made.plan.reference.integration_s))
    total = 0.0
    for window, tally in zip(made.plan.windows, made.tallies, strict=True):
        unflagged = float((tally.channels - tally.flagged).sum())
        total += unflagged * float(window.widths_hz.sum()) / tally.channels * exposure
    return profile.sefd_jy / math.sqrt(2 * total) if total else math.nan


def _room(files: Sequence[Path], out: Path) -> Path:
    """Return where the averaged set goes: memory, when it fits."""
    needed = staging.expected_bytes(read_header(files[0]), len(files), weight_spectrum=True)
    return staging.MEMORY if staging.wants_memory(out, needed, "on") else out


def _measure(report: ImageReport, expected: float) -> dict[str, float]:
    plane = read_plane(report.planes["image"])
    noise = noise_jy(read_plane(report.planes["residual"]))
    brightest, ra, dec = peak(plane)
    fitted = fit_source(plane, ra, dec, point=False)
    major, minor, angle = plane.beam_deg
    return {
        "rms": noise,
        "expected_noise": expected,
        "peak": brightest,
        "peak_ra_deg": ra,
        "peak_dec_deg": dec,
        "peak_fit_jy": fitted.flux_jy if fitted else math.nan,
        "beam_major_arcsec": major * 3600,
        "beam_minor_arcsec": minor * 3600,
        "beam_angle_deg": angle,
        "finite_fraction": float(np.isfinite(plane.values).mean()),
    }


def _image_metrics(measured: dict[str, float], seconds: float) -> list[dict[str, Any]]:
    noise = measured["rms"]
    values = {
        "rms": noise,
        "dynamic_range": measured["peak"] / noise if noise > 0 else math.nan,
        "beam_axis_ratio": measured["beam_major_arcsec"] / measured["beam_minor_arcsec"],
        "finite_fraction": measured["finite_fraction"],
        "noise_ratio": noise / measured["expected_noise"],
        "processing_seconds": seconds,
    }
    return [{"name": name, "value": value, "detail": ""} for name, value in values.items()]


def _picture(report: ImageReport, measured: dict[str, float], out: Path) -> dict[str, str]:
    path = out / "image.png"
    write_thumbnail(
        read_plane(report.planes["image"]), measured["rms"], f"Quick look ({report.imager})", path
    )
    caption = (
        f"Quick look, Stokes I: {1e3 * measured['rms']:.3g} mJy/beam rms, "
        f"peak {measured['peak']:.4g} Jy/beam, "
        f"beam {measured['beam_major_arcsec']:.3g} x {measured['beam_minor_arcsec']:.3g} arcsec."
    )
    return {"caption": caption, "path": str(path)}
