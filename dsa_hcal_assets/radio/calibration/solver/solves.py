"""The solves of a calibrator group from its normal equations: phases, bandpass, gains, delays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.calibration.solver import stefcal
from dsa_hcal_assets.radio.calibration.solver.normal import NormalEquations

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
# the lag spectrum is sampled this much finer than the band resolves delays
PADDING = 8


@dataclass(frozen=True)
class Solved:
    """Solutions of one spectral window, or of several together.

    Attributes
    ----------
    values
        g with V_ij = g_i conj(g_j) M_ij, shape (n_interval, n_antenna, n_channel, 2); NaN: none.
        Phases are those relative to the reference antenna.
    snr
        |g| over its standard error (both components, as CASA counts), same shape.
    times, lengths
        Mean time (UTC MJD seconds) and length (s) of each interval.
    """

    values: Complex
    snr: Floats
    times: Floats
    lengths: Floats

    def of_quality(self, minsnr: float) -> "Solved":
        """Return these without solutions below `minsnr`."""
        return replace(self, values=np.where(self.snr >= minsnr, self.values, np.nan))


def bandpass(
    equations: NormalEquations, reference: int, fewest_baselines: int, phases: Complex | None = None
) -> Solved:
    """Solve a complex gain of each antenna and channel over all intervals.

    Parameters
    ----------
    reference
        Index of the reference antenna.
    fewest_baselines
        An antenna with fewer gets no solution.
    phases
        Unit gains of each interval, shape (n_interval, n_antenna, 2), taken out of the data first.
    """
    products = np.zeros(equations.products.shape[1:], np.complex128)
    power = np.zeros(products.shape)
    for interval in range(len(equations.times)):
        turn = np.ones((1, 1, 1), complex)
        if phases is not None:
            turn = equations.of_baselines(phases[interval])[:, None, :]
        known = np.isfinite(turn)
        products += equations.products[interval] * np.where(known, np.conj(turn), 0)
        power += equations.power[interval] * known
    channels = products.shape[1:]
    flat, weight = products.reshape(len(products), -1), power.reshape(len(power), -1)
    found = stefcal.solve(
        flat, weight, equations.pairs, len(equations.antennas), fewest_baselines=fewest_baselines
    )
    squares, cells = _misfit(flat, weight, equations.of_baselines(found.values))
    snr = _snr(found, squares, cells).reshape(-1, *channels)
    values = found.values.reshape(-1, *channels)
    times, lengths = np.array([equations.middle]), np.array([equations.length])
    return _referred(Solved(values[None], snr[None], times, lengths), reference)


def gains(
    windows: Sequence[NormalEquations],
    bandpasses: Sequence[Complex],
    reference: int,
    fewest_baselines: int,
    *,
    phase_only: bool = False,
    each_interval: bool = True,
) -> Solved:
    """Solve one gain of each antenna and feed over all channels of `windows` together.

    The data are divided by the bandpass and averaged over channels with equal weights, as CASA does.

    Parameters
    ----------
    windows
        Normal equations; all windows have the same antennas, baselines and intervals.
    bandpasses
        Of each window, shape (n_antenna, n_channel, 2).
    phase_only
        Amplitudes are one.
    each_interval
        A solution each interval; otherwise one for all of them.
    """
    first, (products, power) = windows[0], _joined(windows, bandpasses)
    intervals = np.arange(len(first.times))
    values, snr = [], []
    for group in np.split(intervals, intervals[1:]) if each_interval else [intervals]:
        joined, weight = products[group].sum(axis=0), power[group].sum(axis=0)
        found = stefcal.solve(
            joined,
            weight,
            first.pairs,
            len(first.antennas),
            phase_only=phase_only,
            fewest_baselines=fewest_baselines,
        )
        squares, cells = _misfit(joined, weight, first.of_baselines(found.values), phase_only)
        values.append(found.values)
        snr.append(_snr(found, squares, cells))
    whole = np.array([first.middle]), np.array([first.length])
    times, lengths = (first.times, first.lengths) if each_interval else whole
    return _referred(
        Solved(np.stack(values)[:, :, None], np.stack(snr)[:, :, None], times, lengths), reference
    )


def delays_ns(bandpass: Complex, frequency_hz: Floats) -> Floats:
    """Return the delay of each antenna and feed, ns, shape (n_antenna, 2): where the bandpass's lag peaks.

    Parameters
    ----------
    bandpass
        Referred to the reference antenna, shape (n_antenna, n_channel, 2).
    frequency_hz
        Evenly spaced, shape (n_channel,).
    """
    with np.errstate(invalid="ignore"):
        unit = np.nan_to_num(bandpass / np.abs(bandpass))
    size = PADDING * len(frequency_hz)
    lags = np.abs(np.fft.fft(unit, size, axis=1))
    peak = lags.argmax(axis=1)
    turns = np.fft.fftfreq(size)[peak] + _beside(lags, peak) / size
    step = float(np.diff(frequency_hz).mean()) if len(frequency_hz) > 1 else np.inf
    return np.where(unit.any(axis=1), turns / step * 1e9, np.nan)


def filled(bandpass: Complex, most_channels: int) -> Complex:
    """Return a bandpass with gaps of at most `most_channels` interpolated, amplitude and phase.

    Parameters
    ----------
    bandpass
        Shape (n_antenna, n_channel, 2); NaN: none.
    """
    result = bandpass.copy()
    for antenna, feed in np.ndindex(bandpass.shape[0], bandpass.shape[2]):
        series = result[antenna, :, feed]
        known = np.flatnonzero(np.isfinite(series))
        missing = np.flatnonzero(~np.isfinite(series))
        after = np.searchsorted(known, missing)
        inside = (after > 0) & (after < len(known))
        missing, after = missing[inside], after[inside]
        missing = missing[known[after] - known[after - 1] - 1 <= most_channels]
        if len(missing):
            phase = np.unwrap(np.angle(series[known]))
            amplitude = np.interp(missing, known, np.abs(series[known]))
            series[missing] = amplitude * np.exp(1j * np.interp(missing, known, phase))
    return result


def _joined(windows: Sequence[NormalEquations], bandpasses: Sequence[Complex]) -> tuple[Complex, Floats]:
    """Sums over channels of the data divided by the bandpass, shape (n_interval, n_baseline, 2)."""
    shape = (len(windows[0].times), len(windows[0].pairs), 2)
    products, power = np.zeros(shape, complex), np.zeros(shape)
    for equations, passed in zip(windows, bandpasses, strict=True):
        factor = equations.of_baselines(passed)
        known = np.isfinite(factor)
        inverse = np.where(known, 1 / np.where(known, factor, 1), 0)
        for interval in range(shape[0]):
            products[interval] += (equations.products[interval] * inverse).sum(axis=1)
            power[interval] += (equations.power[interval] * known).sum(axis=1)
    return products, power


def _misfit(
    products: Complex, power: Floats, model: Complex, phase_only: bool = False
) -> tuple[Floats, NDArray[np.int64]]:
    """Sum over baselines (first axis) of |N - m D|^2 / D, and how many took part.

    The sum N of w V conj(M) has the variance sigma^2 D, whatever was averaged into it. Of a solve
    for phases only the component across the model counts.
    """
    known = (power > 0) & np.isfinite(model)
    weight, model = np.where(known, power, 1), np.where(known, model, 0)
    rest = np.where(known, products, 0) - model * weight
    size = np.abs(rest)
    if phase_only:
        size = np.abs((rest * np.conj(model)).imag) / np.where(known, np.abs(model), 1)
    return (size**2 / weight).sum(axis=0), known.sum(axis=0)


def _snr(found: stefcal.Gains, squares: Floats, cells: NDArray[np.int64]) -> Floats:
    """|g| over its error: sigma^2 of a complex visibility over the curvature."""
    solved = np.isfinite(found.values).sum(axis=0)
    variance = squares / np.maximum(cells - solved, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        snr: Floats = np.abs(found.values) * np.sqrt(found.information / variance)
    return np.nan_to_num(snr, nan=0.0)


def _referred(solved: Solved, reference: int) -> Solved:
    """Refer all phases to the reference antenna; where it has no solution nobody has."""
    at = solved.values[:, reference : reference + 1]
    with np.errstate(invalid="ignore"):
        return replace(solved, values=solved.values * np.conj(at) / np.abs(at))


def _beside(lags: Floats, peak: NDArray[np.int64]) -> Floats:
    """How far a maximum lies from its highest sample, samples: vertex of the parabola through three."""
    size = lags.shape[1]
    left, centre, right = (
        np.take_along_axis(lags, ((peak + shift) % size)[:, None], axis=1)[:, 0] for shift in (-1, 0, 1)
    )
    curvature = np.minimum(left - 2 * centre + right, -1e-30)
    return np.asarray((left - right) / (2 * curvature))
