"""Phases, bandpass and gains of a synthetic array: truth out, with honest errors."""

from dataclasses import replace

import numpy as np
import pytest

from dsa_hcal_assets.radio.calibration.solver import solves
from dsa_hcal_assets_tests.radio.calibration.solver.arrays import injected, referred

REFERENCE = 2


def chain(truth):  # type: ignore[no-untyped-def]
    """Phases, bandpass, gain and short gains as the chain solves them."""
    equations = truth.equations
    first = solves.bandpass(equations, REFERENCE, 3).values[0]
    phases = solves.gains([equations], [first], REFERENCE, 3, phase_only=True)
    shape = solves.bandpass(equations, REFERENCE, 3, phases.values[:, :, 0])
    gain = solves.gains([equations], [shape.values[0]], REFERENCE, 3, each_interval=False)
    calibrated = shape.values[0] * gain.values[0]
    return shape, gain, solves.gains([equations], [calibrated], REFERENCE, 3)


def test_the_product_of_all_tables_is_the_injected_gain() -> None:
    truth = injected()
    shape, gain, short = chain(truth)
    found = shape.values * gain.values * short.values
    wanted = referred(truth.bandpass[None] * truth.course[:, :, None], REFERENCE, 1)
    # a bandpass over intervals whose amplitudes differ by 2 % is a mean: the rest is of second order
    assert np.abs(found / wanted - 1).max() < 2e-4


def test_phases_refer_to_the_reference_antenna() -> None:
    for solved in chain(injected()):
        assert np.allclose(np.angle(solved.values[:, REFERENCE]), 0, atol=1e-6)


def test_without_the_reference_antenna_there_is_no_solution() -> None:
    equations = injected().equations
    lost = (equations.pairs == REFERENCE).any(axis=1)
    power = np.where(lost[None, :, None, None], 0, equations.power).astype(np.float32)
    assert np.isnan(solves.bandpass(replace(equations, power=power), REFERENCE, 3).values).all()


def test_the_snr_is_the_scatter_of_the_solutions() -> None:
    """Many channels of the same truth: their scatter about it is what the SNR says."""
    truth = injected(antennas=12, channels=400, intervals=1, noise_jy=8.0)
    solved = solves.bandpass(truth.equations, REFERENCE, 3)
    error = solved.values[0] / referred(truth.bandpass * truth.course[0][:, None], REFERENCE, 0) - 1
    others = [number for number in range(12) if number != REFERENCE]
    scatter = np.sqrt((np.abs(error[others]) ** 2).mean())
    # the phase also carries the reference antenna's error, half of the power of a complex error
    assert 1 / np.median(solved.snr) == pytest.approx(scatter / np.sqrt(1.5), rel=0.1)


def test_windows_are_solved_together_where_they_share_a_gain() -> None:
    one, other = injected(seed=1), injected(seed=2)
    shapes = [referred(each.bandpass, REFERENCE, 0) for each in (one, other)]
    same = replace(other, course=one.course)
    gains = other.bandpass[None] * one.course[:, :, None]
    pairs = other.equations.pairs
    products = gains[:, pairs[:, 0]] * np.conj(gains[:, pairs[:, 1]]) * other.equations.power
    both = [one.equations, replace(same.equations, products=products.astype(np.complex64))]
    solved = solves.gains(both, shapes, REFERENCE, 3)
    assert np.abs(solved.values[:, :, 0] / referred(one.course, REFERENCE, 1) - 1).max() < 2e-5


def test_weak_solutions_are_taken_out() -> None:
    solved = solves.bandpass(injected(noise_jy=20.0).equations, REFERENCE, 3)
    limit = float(np.median(solved.snr))
    kept = solved.of_quality(limit)
    assert np.isfinite(kept.values).mean() == pytest.approx(0.5, abs=0.05)
    assert (kept.snr[np.isfinite(kept.values)] >= limit).all()


@pytest.mark.parametrize("delay_ns", [-900.0, -3.2, 0.0, 17.0, 444.4])
def test_a_delay_is_found_to_a_tenth_of_the_bands_resolution(delay_ns: float) -> None:
    frequency = 1.3e9 + 2.5e5 * np.arange(384)
    series = np.exp(2j * np.pi * delay_ns * 1e-9 * frequency)
    found = solves.delays_ns(np.broadcast_to(series[None, :, None], (1, 384, 2)), frequency)
    assert found == pytest.approx(delay_ns, abs=0.1e9 / (384 * 2.5e5))


def test_no_bandpass_no_delay() -> None:
    assert np.isnan(solves.delays_ns(np.full((1, 8, 2), np.nan + 0j), 1e9 + 1e6 * np.arange(8))).all()


class TestGaps:
    ramp = np.exp(0.3j * np.arange(12))[None, :, None] * np.ones((1, 1, 2)) * 3.0

    def with_gap(self, start: int, stop: int) -> np.ndarray:  # type: ignore[type-arg]
        values = self.ramp.copy()
        values[:, start:stop] = np.nan
        return values

    def test_a_short_one_is_interpolated(self) -> None:
        assert np.allclose(solves.filled(self.with_gap(4, 7), 3), self.ramp)

    def test_a_long_one_stays(self) -> None:
        assert np.isnan(solves.filled(self.with_gap(4, 8), 3)[:, 4:8]).all()

    def test_edges_stay(self) -> None:
        found = solves.filled(self.with_gap(0, 2), 3)
        assert np.isnan(found[:, :2]).all()
        assert np.isfinite(found[:, 2:]).all()
