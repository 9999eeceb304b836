"""Alternating least squares finds injected gains, whatever baselines are missing."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.radio.calibration.solver import stefcal


def baselines(antennas: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.array([(i, j) for i in range(antennas) for j in range(i + 1, antennas)])


def data(gains: np.ndarray, pairs: np.ndarray, power: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(gains[pairs[:, 0]] * np.conj(gains[pairs[:, 1]]) * power)


def relative_to_first(values: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(values * np.conj(values[:1]) / np.abs(values[:1]))


@given(
    antennas=st.integers(4, 12),
    solutions=st.integers(1, 5),
    seed=st.integers(0, 2**31),
    phase_only=st.booleans(),
)
@example(antennas=4, solutions=4, seed=19180115, phase_only=False)  # takes hundreds of iterations
@example(antennas=4, solutions=4, seed=8192, phase_only=True)  # equal phases lead to a wrong place
@settings(max_examples=40, deadline=None)
def test_injected_gains_come_out_again(antennas: int, solutions: int, seed: int, phase_only: bool) -> None:
    rng = np.random.default_rng(seed)
    amplitude = 1.0 if phase_only else rng.uniform(0.3, 3.0, (antennas, solutions))
    gains = amplitude * np.exp(2j * np.pi * rng.random((antennas, solutions)))
    pairs = baselines(antennas)
    power = rng.uniform(0.5, 2.0, (len(pairs), solutions))
    found = stefcal.solve(data(gains, pairs, power), power, pairs, antennas, phase_only=phase_only)
    assert np.allclose(relative_to_first(found.values), relative_to_first(gains), rtol=1e-5)


def test_baselines_without_data_do_not_matter() -> None:
    rng = np.random.default_rng(3)
    gains, pairs = np.exp(2j * np.pi * rng.random((8, 1))), baselines(8)
    power = np.where(np.arange(len(pairs))[:, None] % 3 == 0, 0.0, 1.0)
    found = stefcal.solve(data(gains, pairs, power), power, pairs, 8)
    assert np.allclose(relative_to_first(found.values), relative_to_first(gains), rtol=1e-5)


def test_an_antenna_without_data_has_no_solution_and_spoils_none() -> None:
    gains, pairs = np.ones((6, 1), complex), baselines(6)
    power = np.where((pairs == 2).any(axis=1), 0.0, 1.0)[:, None]
    found = stefcal.solve(data(gains, pairs, power), power, pairs, 6)
    assert np.flatnonzero(np.isnan(found.values[:, 0])).tolist() == [2]
    assert np.allclose(np.delete(found.values, 2), 1)


@pytest.mark.parametrize(("fewest", "lost"), [(2, []), (3, [5]), (6, [0, 1, 2, 3, 4, 5])])
def test_antennas_with_too_few_baselines_are_left_out(fewest: int, lost: list[int]) -> None:
    """Antenna 5 has two baselines; without it the others have four each."""
    gains, pairs = np.ones((6, 1), complex), baselines(6)
    thin = (pairs[:, 1] == 5) & (pairs[:, 0] > 1)
    power = np.where(thin, 0.0, 1.0)[:, None]
    found = stefcal.solve(data(gains, pairs, power), power, pairs, 6, fewest_baselines=fewest)
    assert np.flatnonzero(np.isnan(found.values[:, 0])).tolist() == lost


def test_information_is_the_curvature_of_chi_squared() -> None:
    gains, pairs = np.full((5, 1), 2.0 + 0j), baselines(5)
    power = np.full((len(pairs), 1), 3.0)
    found = stefcal.solve(data(gains, pairs, power), power, pairs, 5)
    assert np.allclose(found.information, 4 * 3.0 * 4.0)


def test_no_data_at_all_is_no_solution() -> None:
    pairs = baselines(4)
    found = stefcal.solve(np.zeros((6, 2), complex), np.zeros((6, 2)), pairs, 4)
    assert np.isnan(found.values).all()
