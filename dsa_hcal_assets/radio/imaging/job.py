"""Worker entry point: the images of a calibrated group, with measurements and pictures."""

import json
import math
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from dsa_hcal_assets.radio.calibration.fields import Field, span
from dsa_hcal_assets.radio.flagging.visibilities import windows
from dsa_hcal_assets.radio.imaging.imager import ImageParameters, ImageReport, ImagerName, image
from dsa_hcal_assets.radio.imaging.measurements import (
    KnownSource,
    Plane,
    compare,
    fit_source,
    noise_jy,
    peak,
    read_plane,
)
from dsa_hcal_assets.radio.imaging.primary_beam import drift_centres, write_beam
from dsa_hcal_assets.radio.imaging.provenance import stamp
from dsa_hcal_assets.radio.imaging.selection import channels_of, fields_to_image, split_field
from dsa_hcal_assets.radio.imaging.thumbnail import write_thumbnail
from dsa_hcal_assets.radio.profiles.model import Profile

WORST_IS_HIGH = ("rms", "beam_axis_ratio", "noise_ratio")


def make_images(
    ms: str,
    profile: Mapping[str, Any],
    out_dir: str,
    imager: ImagerName = "auto",
    overrides: Mapping[str, Any] | None = None,
    known: Sequence[Mapping[str, Any]] = (),
    facts: Mapping[str, str] | None = None,
    pointing_dec_deg: float | None = None,
    scratch: str | None = None,
) -> dict[str, Any]:
    """Image the fields of a calibrated set; write FITS, pictures and measurements.

    Parameters
    ----------
    ms
        Calibrated set; only read.
    profile
        Telescope profile as ``Profile.model_dump(mode="json")``.
    out_dir
        Directory of the product: a directory a field with image, residual, psf, model, pb and
        image_pbcor as FITS, a PNG, and ``measurements.json`` for all.
    imager
        "wsclean", "tclean", or "auto" (WSClean when installed).
    overrides
        Parameters that replace the profile's (settings: imsize, robust, niter, threshold_jy).
    known
        Sources to compare with: {name, ra_deg, dec_deg, jy, point}; flux densities as they appear.
    facts
        For the FITS headers: GROUP, CALSET, INPUTSUM, CODEVER.
    pointing_dec_deg
        Apparent declination of a drift scan: the beam is centred there, not at the phase centre.
    scratch
        Room for single-field sets.

    Returns
    -------
    dict
        ``metrics`` [{name, value, detail}] (worst over the fields), ``fields`` {name: measurements},
        ``figures`` [{caption, path}], ``imager``, ``version``, ``parameters``.
    """
    telescope = Profile.model_validate(profile)
    source, target = Path(ms), Path(out_dir)
    parameters = ImageParameters.of_profile(telescope.imaging, **dict(overrides or {}))
    sources = [KnownSource(**one) for one in known]
    fields: dict[str, dict[str, Any]] = {}
    figures: list[dict[str, str]] = []
    program = version = ""
    with tempfile.TemporaryDirectory(prefix="image-", dir=scratch) as room:
        for field in fields_to_image(source, telescope.imaging.fields, telescope.imaging.max_images):
            ranges = channels_of(field.name, telescope.imaging.channels)
            single = split_field(source, field, ranges, Path(room) / "field.ms")
            directory = target / _directory_name(field)
            report = image(single, directory, parameters, imager)
            program, version = report.imager, report.version
            beams = write_beam(
                report.planes["image"],
                _beam_centres(single, field, telescope, pointing_dec_deg),
                telescope.imaging.beam_diameter_m or telescope.dish_diameter_m,
                telescope.imaging.pblimit,
            )
            stated = {"OBJECT": field.name, "channels": ranges or "all", **dict(facts or {})}
            for path in (*report.planes.values(), *beams.values()):
                stamp(path, report, parameters, stated)
            measured = _measure(report, beams["pb"], sources, expected_noise_jy(single, telescope))
            fields[field.name] = measured | {"channels": ranges or "all"}
            figures += _picture(report, field, measured, directory, sources)
            shutil.rmtree(single)
    result = {
        "imager": program,
        "version": version,
        "parameters": parameters.model_dump(mode="json"),
        "fields": fields,
        "metrics": _worst(fields),
        "figures": figures,
    }
    (target / "measurements.json").write_text(
        json.dumps({key: value for key, value in result.items() if key != "figures"}, indent=1),
        encoding="utf-8",
    )
    return result


def expected_noise_jy(ms: Path, telescope: Profile) -> float:
    """Return the radiometer's noise of a naturally weighted Stokes I image, Jy/beam.

    sigma = SEFD / sqrt(2 sum(bandwidth x time)) over all unflagged visibilities of both receptors
    (Thompson, Moran and Swenson 2017, eq. 6.50, efficiency 1).
    """
    from casacore.tables import table

    with table(str(ms), readonly=True, ack=False) as main:
        seconds = float(np.median(main.getcol("EXPOSURE")))
    total = 0.0
    for window in windows(ms):
        width = abs(float(np.median(np.diff(window.frequency_hz)))) if window.frequency_hz.size > 1 else 0.0
        total += float((~window.flag & window.cross[:, None, None]).sum()) * width * seconds
    return float(telescope.sefd_jy / math.sqrt(2 * total)) if total else math.nan


def _beam_centres(
    ms: Path, field: Field, telescope: Profile, pointing_dec_deg: float | None
) -> list[tuple[float, float]]:
    if pointing_dec_deg is None or not telescope.imaging.beam_drifts:
        return [(field.ra_deg, field.dec_deg)]
    when = span(ms)
    return drift_centres(when.start, when.end, pointing_dec_deg, when.longitude_deg)


def _measure(
    report: ImageReport, beam: Path, sources: Sequence[KnownSource], expected: float
) -> dict[str, Any]:
    plane, residual = read_plane(report.planes["image"]), read_plane(report.planes["residual"])
    response = read_plane(beam).values.astype(np.float32)
    noise = noise_jy(residual, response)
    brightest, ra, dec = peak(plane)
    fitted = fit_source(plane, ra, dec, point=False)
    major, minor, angle = plane.beam_deg
    compared = compare(plane, sources)
    return {
        "rms": noise,
        "dynamic_range": brightest / noise if noise > 0 else math.nan,
        "peak": brightest,
        "peak_ra_deg": ra,
        "peak_dec_deg": dec,
        "peak_fit_jy": fitted.flux_jy if fitted else math.nan,
        "beam_major_arcsec": major * 3600,
        "beam_minor_arcsec": minor * 3600,
        "beam_angle_deg": angle,
        "beam_axis_ratio": major / minor,
        "finite_fraction": float(np.isfinite(plane.values).mean()),
        "noise_ratio": noise / expected,
        "expected_noise": expected,
        "known": [asdict(one) for one in compared],
    }


def _picture(
    report: ImageReport,
    field: Field,
    measured: Mapping[str, Any],
    directory: Path,
    sources: Sequence[KnownSource],
) -> list[dict[str, str]]:
    plane: Plane = read_plane(report.planes["image"])
    path = directory / "image.png"
    marks = [(one.name, one.ra_deg, one.dec_deg) for one in sources]
    write_thumbnail(plane, measured["rms"], f"{field.name} ({report.imager})", path, marks)
    caption = (
        f"{field.name}: Stokes I, {1e3 * measured['rms']:.3g} mJy/beam rms, "
        f"peak {measured['peak']:.4g} Jy/beam, beam {measured['beam_major_arcsec']:.3g} x "
        f"{measured['beam_minor_arcsec']:.3g} arcsec (ellipse, lower left)."
    )
    return [{"caption": caption, "path": str(path)}]


def _worst(fields: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return each metric of the field in which it is worst; known sources of all fields together."""
    metrics = []
    for name in ("rms", "dynamic_range", "beam_axis_ratio", "finite_fraction", "noise_ratio"):
        values = {field: float(measured[name]) for field, measured in fields.items()}
        broken = [field for field, value in values.items() if math.isnan(value)]
        chosen = max if name in WORST_IS_HIGH else min
        field = broken[0] if broken else chosen(values, key=values.__getitem__)
        metrics.append({"name": name, "value": values[field], "detail": f"field {field}"})
    known = [(field, one) for field, measured in fields.items() for one in measured["known"]]
    if known:
        field, one = max(known, key=lambda entry: abs(math.log(max(entry[1]["flux_ratio"], 1e-9))))
        detail = f"{one['source']['name']} in field {field}: {one['fit']['flux_jy']:.4g} Jy fitted"
        metrics.append({"name": "flux_ratio", "value": one["flux_ratio"], "detail": detail})
        field, one = max(known, key=lambda entry: float(entry[1]["offset_arcsec"]))
        detail = f"{one['source']['name']} in field {field}"
        metrics.append({"name": "position_offset", "value": one["offset_arcsec"], "detail": detail})
    return metrics


def _directory_name(field: Field) -> str:
    return re.sub(r"[^A-Za-z0-9_.+-]", "_", field.name)
