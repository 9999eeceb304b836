"""Gains of a calibration set at the times and channels of the data they are applied to."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.calibration.description import CalibrationTable
from dsa_hcal_assets.radio.calibration.solutions import Solutions, read_solutions

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GainCurves:
    """Gains of one spectral window: g(t, channel) = course(t) x spectrum(channel).

    Attributes
    ----------
    spectrum
        Shape (n_antenna, n_channel, 2); NaN: no solution, data of that antenna cannot be calibrated.
    course
        Shape (n_time, n_antenna, 2), likewise.
    """

    spectrum: Complex
    course: Complex

    @property
    def amplitude_factor(self) -> float:
        """Median of |corrected / raw| that the gains mean; NaN without any."""
        amplitude = np.abs(self.spectrum) * np.abs(self.course).mean(axis=0)[:, None]
        known = amplitude[np.isfinite(amplitude)]
        return float(1 / np.median(known) ** 2) if known.size else np.nan


def read_curves(
    calibration: Path,
    tables: Sequence[CalibrationTable],
    *,
    window: int,
    antennas: int,
    frequency_hz: Floats,
    times: Floats,
) -> GainCurves:
    """Multiply up the tables of a set for one spectral window.

    Between solutions amplitude and phase are interpolated linearly, or the nearest solution counts,
    as the table says. The first and last interval reach beyond their solutions: there the line goes on
    (applycal would hold the solution: 1.4 deg off at the end of a minute in which a phase turns by 4 deg);
    further away the value at the end of the interval holds.

    Parameters
    ----------
    calibration, tables
        Directory of the set, and those of its tables that are to be applied.
    window
        Position of the window among those of the Measurement Set.
    antennas
        Number of antennas of the Measurement Set.
    frequency_hz, times
        Channels (Hz) and moments (UTC MJD seconds) of the data.
    """
    spectrum = np.ones((antennas, len(frequency_hz), 2), complex)
    course = np.ones((len(times), antennas, 2), complex)
    for one in tables:
        solutions = read_solutions(calibration / one.file)[0 if one.combined_windows else window]
        if solutions.values.shape[1] > 1:
            spectrum *= _spectrum(solutions, antennas, frequency_hz)
        else:
            course *= _course(solutions, antennas, times, one.interpolation)
    return GainCurves(spectrum, course)


def _spectrum(solutions: Solutions, antennas: int, frequency_hz: Floats) -> Complex:
    """Return the first solution of each antenna in the nearest channel."""
    found = np.full((antennas, len(frequency_hz), 2), np.nan + 0j)
    nearest = np.abs(solutions.frequency_hz[None] - frequency_hz[:, None]).argmin(axis=1)
    numbers, first = np.unique(solutions.antenna, return_index=True)
    found[numbers] = solutions.good[first][:, nearest]
    return found


def _course(solutions: Solutions, antennas: int, times: Floats, interpolation: str) -> Complex:
    found = np.full((len(times), antennas, 2), np.nan + 0j)
    for antenna, feed in np.ndindex(antennas, 2):
        series = solutions.good[solutions.antenna == antenna, 0, feed]
        known = np.isfinite(series)
        at = solutions.time[solutions.antenna == antenna][known]
        if not len(at):
            continue
        values = series[known]
        if interpolation == "nearest":
            found[:, antenna, feed] = values[np.abs(at[None] - times[:, None]).argmin(axis=1)]
        else:
            amplitude = _line(times, at, np.abs(values))
            phase = _line(times, at, np.unwrap(np.angle(values)))
            found[:, antenna, feed] = amplitude * np.exp(1j * phase)
    return found


def _line(times: Floats, at: Floats, values: Floats) -> Floats:
    """Interpolate linearly; half the distance of two solutions beyond the outer ones too."""
    if len(at) > 1:
        before, after = at[0] - (at[1] - at[0]) / 2, at[-1] + (at[-1] - at[-2]) / 2
        first, last = values[0] - (values[1] - values[0]) / 2, values[-1] + (values[-1] - values[-2]) / 2
        at, values = np.array([before, *at, after]), np.array([first, *values, last])
    return np.interp(times, at, values)
