"""What is measured of a Measurement Set before anything downstream may use it."""

from pathlib import Path

import numpy as np

from dsa_hcal_assets.quality.verdicts import Metric
from dsa_hcal_assets.radio.conversion.group import ConversionReport
from dsa_hcal_assets.radio.conversion.meridian import ARCSEC, meridian_error
from dsa_hcal_assets.radio.conversion.survey import Floats, Survey, survey
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.radio.profiles.stations import read_stations

# a ratio of (u, v, w) to baselines between these is the bug of writers that rotate what is rotated
TWICE = (1.8, 2.2)


def measure(ms: Path, profile: Profile, report: ConversionReport) -> list[Metric]:
    """Read the Measurement Set once and return the metrics of stage ``measurement_set``."""
    return metrics(survey(ms), profile, report)


def metrics(found: Survey, profile: Profile, report: ConversionReport) -> list[Metric]:
    """Return the metrics of stage ``measurement_set`` from a survey already made."""
    dead = [number for number, window in enumerate(found.windows) if window.all_zero]
    return [
        Metric("rows_missing", float(abs(report.rows - found.rows)), f"{found.rows} rows"),
        Metric("windows_not_ascending", _not_ascending(found), f"{len(found.windows)} windows"),
        Metric("band_gap", _band_gap(found), "largest step between neighbouring channels beyond one width"),
        _channel_widths(found),
        _phase_centre(found, report),
        meridian_error(found, drifting=profile.conversion.input_phase != "phased"),
        _uvw_length(found),
        Metric("uvw_residual", found.uvw_residual_m, "largest | |uvw| - baseline |"),
        _positions(found, profile),
        Metric("zero_windows", float(len(dead)), f"windows {dead}" if dead else ""),
        _flagged(found),
        Metric("raw_flagged_fraction", found.pairs.flagged_fraction(working_only=False), "all antennas"),
        Metric("not_finite", float(report.not_finite), "zeroed and flagged"),
        Metric("not_finite_unflagged", float(found.not_finite), "cross-correlations"),
        _autos(found),
    ]


def _not_ascending(found: Survey) -> float:
    inside = sum(bool(np.any(np.diff(window.frequencies_hz) <= 0)) for window in found.windows)
    starts = np.array([window.frequencies_hz[0] for window in found.windows])
    return float(inside + np.count_nonzero(np.diff(starts) <= 0))


def _band_gap(found: Survey) -> float:
    channels = np.concatenate([window.frequencies_hz for window in found.windows])
    steps = np.diff(channels)
    # the smallest step is the width of a channel; the median is not, of few windows of one channel
    width = np.abs(steps[steps != 0]).min(initial=np.inf)
    return float(max(0.0, steps.max(initial=0) / width - 1))


def _channel_widths(found: Survey) -> Metric:
    """Largest difference between a channel's width and its distance to the next, in channel widths."""
    worst = 0.0
    for window in found.windows:
        # a channel between two others has half of each step
        steps = np.abs(np.diff(window.frequencies_hz))
        widths = (window.widths_hz[1:] + window.widths_hz[:-1]) / 2
        worst = max(worst, float(np.abs(steps / widths - 1).max(initial=0)))
    return Metric("channel_width_error", worst, "between neighbouring channels of a window")


def _uvw_length(found: Survey) -> Metric:
    lengths = f"{found.longest_uvw_m:.1f} m to {found.longest_baseline_m:.1f} m"
    if not found.longest_baseline_m:
        return Metric("uvw_length_ratio", float("nan"), lengths)
    ratio = found.longest_uvw_m / found.longest_baseline_m
    twice = TWICE[0] < ratio < TWICE[1]
    hint = "; the known convention bug: (u, v, w) were applied twice" if twice else ""
    return Metric("uvw_length_ratio", ratio, lengths + hint)


def _flagged(found: Survey) -> Metric:
    pairs = found.pairs
    raw = pairs.flagged_fraction(working_only=False)
    working = int(pairs.working.any(axis=1).sum())
    return Metric(
        "flagged_fraction",
        pairs.flagged_fraction(working_only=True),
        f"{working} of {len(pairs.antennas)} antennas have data; of all receptors {100 * raw:.1f} %",
    )


def _phase_centre(found: Survey, report: ConversionReport) -> Metric:
    """Largest disagreement among PHASE_DIR, REFERENCE_DIR, DELAY_DIR and the centre converted to."""
    wanted = np.array([[field["ra_rad"], field["dec_rad"]] for field in report.fields])
    if len(wanted) != len(found.field_names):
        return Metric(
            "phase_centre_error", float("nan"), f"{len(found.field_names)} fields, not {len(wanted)}"
        )
    worst = float(max(_separation(values, wanted).max() for values in found.directions.values()))
    return Metric("phase_centre_error", float(worst * ARCSEC), ", ".join(found.field_names))


def _separation(one: Floats, other: Floats) -> Floats:
    """Angle between directions (n, 2), rad, by the haversine formula (exact for small angles)."""
    d_lon, d_lat = (one - other).T
    half = np.sin(d_lat / 2) ** 2 + np.cos(one[:, 1]) * np.cos(other[:, 1]) * np.sin(d_lon / 2) ** 2
    return np.asarray(2 * np.arcsin(np.sqrt(np.clip(half, 0, 1))))


def _positions(found: Survey, profile: Profile) -> Metric:
    if profile.stations is None:
        return Metric("antenna_position_error", 0.0, "not compared: the profile has no station file")
    stations = read_stations(profile.stations)
    errors = {}
    for antenna in found.antennas_used.tolist():
        station = stations.get(antenna - profile.stations.antenna_number_offset)
        if station is None:
            return Metric(
                "antenna_position_error", float("nan"), f"antenna {antenna} is not in the station file"
            )
        errors[antenna] = float(np.linalg.norm(found.antenna_positions_m[antenna] - station.itrf_m))
    if not errors:
        return Metric("antenna_position_error", float("nan"), "no antenna has data")
    worst = max(errors, key=lambda antenna: errors[antenna])
    return Metric("antenna_position_error", errors[worst], f"worst: antenna {found.antenna_names[worst]}")


def _autos(found: Survey) -> Metric:
    if not found.autos:
        return Metric("autos_not_positive", 0.0, "the data have no autocorrelations")
    return Metric("autos_not_positive", found.autos_not_positive / found.autos, f"of {found.autos} values")
