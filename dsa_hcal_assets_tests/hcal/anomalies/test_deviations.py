"""Deviations equal what is computed slowly and plainly."""

import numpy as np
import pytest

from dsa_hcal_assets.hcal.anomalies import deviations
from dsa_hcal_assets.hcal.anomalies.rules import gain_disagreement
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.quality.statistics import mad_sigma, mad_sigmas, medians

TOWERS = geometry.towers()


@pytest.fixture
def values() -> np.ndarray:
    random = np.random.default_rng(5)
    values = random.normal(20, 3, (3, geometry.HCAL_TOWERS))
    values[random.random(values.shape) < 0.1] = np.nan
    values[1, TOWERS.half_sector == 9] = np.nan
    return values


def test_medians_and_deviations_along_an_axis_are_those_of_each_row(values: np.ndarray) -> None:
    rows = values[:, :101].T
    known = np.array([np.nanmedian(row) for row in rows])
    np.testing.assert_allclose(medians(rows, axis=1), known)
    np.testing.assert_allclose(mad_sigmas(rows, axis=1), [mad_sigma(row) for row in rows])
    assert np.isnan(medians(np.full((2, 3), np.nan), axis=1)).all()


def test_neighbours_are_the_eight_around_round_in_phi_not_beyond_the_ends(values: np.ndarray) -> None:
    residual = deviations.from_neighbours(values)
    for detector, ieta, iphi, count in ((0, 12, 30, 8), (1, 5, 0, 8), (0, 23, 63, 5), (1, 0, 17, 5)):
        around = [
            int(geometry.tower_at(detector, eta, phi % geometry.PHI_BINS))
            for eta in range(max(0, ieta - 1), min(geometry.ETA_BINS, ieta + 2))
            for phi in range(iphi - 1, iphi + 2)
            if (eta, phi) != (ieta, iphi)
        ]
        assert len(around) == count
        tower = int(geometry.tower_at(detector, ieta, iphi))
        expected = values[:, tower] - np.nanmedian(values[:, around], axis=1)
        np.testing.assert_allclose(residual[:, tower], expected)


def test_a_half_sector_is_compared_with_itself(values: np.ndarray) -> None:
    residual = deviations.from_half_sector(values)
    for half_sector in (0, 77, 127):
        own = TOWERS.half_sector == half_sector
        expected = values[:, own] - np.nanmedian(values[:, own], axis=1, keepdims=True)
        np.testing.assert_allclose(residual[:, own], expected)


def test_scores_are_in_units_of_the_detectors_scatter_but_not_of_less_than_the_floor() -> None:
    residual = np.zeros((1, geometry.HCAL_TOWERS))
    residual[0, :1536] = np.random.default_rng(1).normal(0, 0.5, 1536)
    residual[0, [7, 2000]] = 3
    scores = deviations.scores_among(residual, floor=0.1)
    assert scores[0, 7] == pytest.approx(6, rel=0.05)
    assert scores[0, 2000] == pytest.approx(30)


class TestChange:
    def test_it_is_the_step_over_the_window_whatever_the_cadence(self) -> None:
        for step in (60.0, 200.0, 600.0):
            seconds = np.arange(0, 6000, step)
            values = np.where(seconds >= 3000, 5.0, 2.0)[:, np.newaxis]
            change = deviations.change(values, seconds, 600)
            changed = seconds[np.flatnonzero(change[:, 0] == 3)]
            assert changed[0] == 3000
            assert changed[-1] < 3000 + 600
            assert np.isnan(change[seconds < 540]).all()

    def test_a_step_during_a_silence_is_seen_after_it_unless_the_silence_is_too_long(self) -> None:
        seconds = np.arange(0, 6000, 600.0)
        values = np.array([1, 1, 1, np.nan, np.nan, np.nan, np.nan, 4, 4, 4.0])[:, np.newaxis]
        assert deviations.change(values, seconds, 600)[7, 0] == 3
        assert np.isnan(deviations.change(values, seconds, 600, max_age=1800)[7, 0])
        assert deviations.change(values, seconds, 600, max_age=1800)[8, 0] == 0

    def test_what_was_before_the_first_cycle_counts_where_nothing_newer_does(self) -> None:
        seconds = np.arange(0, 1800, 600.0)
        values = np.array([[np.nan, 5], [7, 5], [7, 5.0]])
        change = deviations.change(values, seconds, 600, before=np.array([4.0, np.nan]))
        np.testing.assert_array_equal(change, [[np.nan, np.nan], [3, 0], [0, 0]])


def test_of_two_halves_in_different_modes_the_one_unlike_its_detector_is_meant() -> None:
    gain = np.zeros((3, geometry.HALF_SECTORS), dtype=np.float32)
    gain[0, 4] = 1  # one half high
    gain[1, :64] = 1  # a whole detector high ...
    gain[1, 4] = 0  # ... but for one half
    gain[2, [6, 7]] = 1  # a whole sector
    gain[2, 8] = np.nan
    found = gain_disagreement(gain)
    assert np.argwhere(found == 1).tolist() == [[0, 4], [1, 4]]
    assert np.flatnonzero(np.isnan(found[2])).tolist() == [8, 9]
