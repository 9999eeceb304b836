"""The numbers an image is judged by, for each field and for the worst of a group's fields."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.imaging.field_image import FieldImage
from dsa_hcal_assets.radio.imaging.measurements import (
    KnownSource,
    Plane,
    compare,
    fit_source,
    noise_jy,
    peak,
    read_plane,
)

BEAM_FLOOR = 0.1
# metric -> whether a high value is the bad one
WORST_IS_HIGH = {
    "rms": True,
    "dynamic_range": False,
    "beam_major_arcsec": True,
    "beam_axis_ratio": True,
    "psf_correlation": False,
    "finite_fraction": False,
    "noise_ratio": True,
    "residual_mean": True,
    "residual_kurtosis": True,
}
# a catalogue's source is expected in the image above this times the noise ...
COMPARED_SIGMA = 10.0
# ... and is the one found if it lies within this many beams (minor axis)
MATCHED_BEAMS = 0.5
# the dirty beam is compared this far about the peak, beams (major axis)
CORRELATED_BEAMS = 3.0


def measure_field(made: FieldImage, sources: Sequence[KnownSource]) -> dict[str, Any]:
    """Return what the image of a field shows; known sources as they should appear in it."""
    planes = {name: read_plane(made.report.planes[name]) for name in ("image", "residual", "psf", "model")}
    plane, residual = planes["image"], planes["residual"]
    response = read_plane(made.beams["pb"]).values.astype(np.float32)
    noise = noise_jy(residual, response, BEAM_FLOOR)
    brightest, ra, dec = peak(plane)
    fitted = fit_source(plane, ra, dec, point=False)
    major, minor, angle = plane.beam_deg
    inside = residual.values[(response >= BEAM_FLOOR) & np.isfinite(residual.values)]
    expected = [
        replace(one, jy=made.exposure.apparent_jy(one.spectrum(made.exposure.middle_hz))) for one in sources
    ]
    seen = [one for one in expected if _response_at(plane, response, one) >= BEAM_FLOOR]
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
        "psf_correlation": psf_correlation(residual, planes["model"], planes["psf"], (ra, dec), major),
        "finite_fraction": float(np.isfinite(plane.values).mean()),
        "noise_ratio": noise / made.expected_noise_jy,
        "expected_noise": made.expected_noise_jy,
        "residual_mean": float(abs(inside.mean()) / noise) if noise > 0 else math.nan,
        "residual_kurtosis": kurtosis(inside),
        "taken_out": [{"name": one.source.name, "apparent_jy": one.apparent_jy} for one in made.taken],
        "known": [asdict(one) for one in compare(plane, seen)],
    }


def group_metrics(fields: Mapping[str, Mapping[str, Any]], compared_with: str = "") -> list[dict[str, Any]]:
    """Return each metric of the field in which it is worst, and the comparison with a catalogue.

    Parameters
    ----------
    fields
        Measurements by field, as `measure_field` returns them.
    compared_with
        Name of the catalogue the known sources are from; empty: there is none.
    """
    metrics = []
    for name, high in WORST_IS_HIGH.items():
        values = {field: float(measured[name]) for field, measured in fields.items()}
        broken = [field for field, value in values.items() if math.isnan(value)]
        field = broken[0] if broken else (max if high else min)(values, key=values.__getitem__)
        metrics.append({"name": name, "value": values[field], "detail": f"field {field}"})
    return metrics + _comparison(fields, compared_with)


def psf_correlation(
    residual: Plane, model: Plane, psf: Plane, peak_deg: tuple[float, float], major_deg: float
) -> float:
    """Return the correlation of the dirty image about a position with the dirty beam: 1 for a point source.

    The dirty image is the residual and the model's components through the dirty beam; `major_deg` is
    the major axis of the restoring beam. NaN when the position is too close to an edge.
    """
    half = math.ceil(CORRELATED_BEAMS * major_deg / residual.cell_deg)
    x, y = (round(value) for value in residual.pixel_of(*peak_deg))
    ny, nx = residual.values.shape
    if not (half <= x < nx - half and half <= y < ny - half):
        return math.nan
    centre_y, centre_x = np.unravel_index(int(np.nanargmax(psf.values)), psf.values.shape)
    dirty = residual.values[y - half : y + half + 1, x - half : x + half + 1].copy()
    for row, column in np.argwhere(model.values):
        top, left = centre_y + y - half - row, centre_x + x - half - column
        part = psf.values[max(top, 0) : top + 2 * half + 1, max(left, 0) : left + 2 * half + 1]
        if part.shape == dirty.shape:
            dirty += model.values[row, column] * part
    beam = psf.values[centre_y - half : centre_y + half + 1, centre_x - half : centre_x + half + 1]
    return float(np.corrcoef(dirty.ravel(), beam.ravel())[0, 1])


def kurtosis(values: NDArray[np.float64]) -> float:
    """Return the fourth moment over the squared second: 3 for Gaussian noise; NaN without scatter."""
    away = values - values.mean() if values.size else values
    variance = float((away**2).mean()) if values.size else 0.0
    return float((away**4).mean() / variance**2) if variance > 0 else math.nan


def _response_at(plane: Plane, response: NDArray[np.float32], source: KnownSource) -> float:
    x, y = plane.pixel_of(source.ra_deg, source.dec_deg)
    if not (np.isfinite([x, y]).all() and 0 <= round(y) < response.shape[0]):
        return 0.0
    return float(response[round(y), round(x)]) if 0 <= round(x) < response.shape[1] else 0.0


def _comparison(fields: Mapping[str, Mapping[str, Any]], compared_with: str) -> list[dict[str, Any]]:
    """Matched sources, median flux ratio, median displacement: of all fields together."""
    expected = [
        (measured, one)
        for measured in fields.values()
        for one in measured["known"]
        if one["source"]["jy"] >= COMPARED_SIGMA * measured["rms"]
    ]
    matched = [
        one
        for measured, one in expected
        if one["offset_arcsec"] <= MATCHED_BEAMS * measured["beam_minor_arcsec"]
    ]
    told = (
        f"{len(matched)} of {len(expected)} sources of {compared_with} above {COMPARED_SIGMA:g} sigma found"
    )
    if not compared_with:
        told = "not compared: no catalogue of the field is loaded"
    found = [{"name": "matched_sources", "value": len(matched), "detail": told}]
    ratio = offset = math.nan
    if matched:
        ratio = float(np.median([one["flux_ratio"] for one in matched]))
        offset = math.hypot(*(np.median([one[axis] for one in matched]) for axis in ("east", "north")))
    return [
        *found,
        {"name": "flux_ratio", "value": ratio, "detail": told},
        {"name": "position_offset", "value": offset, "detail": told},
    ]
