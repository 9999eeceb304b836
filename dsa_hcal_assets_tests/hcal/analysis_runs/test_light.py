"""PIN diodes: means with honest uncertainties, and towers get the light of their half-sector."""

import numpy as np
import pytest

from dsa_hcal_assets.hcal.analysis_runs.light import joined, mean_of_counts, measured
from dsa_hcal_assets.hcal.analysis_runs.run_contents import LightReadings
from dsa_hcal_assets.hcal.mapping.geometry import towers


def readings(half_sectors, diodes):
    """Noiseless readings: each half-sector's five diodes, twenty times, half a count up and down."""
    values = np.asarray(diodes, dtype=np.float32)
    shaken = np.stack([values + (0.5 if number % 2 else -0.5) * (values > 0) for number in range(20)])
    count = len(half_sectors)
    return LightReadings(
        np.asarray(half_sectors, dtype=np.int16),
        shaken,
        np.full(count, 31, np.int16),
        np.full((count, 5), 3200, np.int16),
        np.full((count, 5), 2400, np.int16),
    )


def test_the_mean_of_whole_counts_without_noise_is_known_to_one_count_only():
    mean, error = mean_of_counts(np.full((1000, 1), 70.0))
    assert mean == 70
    assert error == pytest.approx(1 / np.sqrt(12))


def test_noise_of_a_count_makes_the_mean_better_than_a_count():
    random = np.random.default_rng(1)
    truth = random.uniform(60, 80, 500)
    mean, error = mean_of_counts(np.round(truth + random.normal(0, 1, (100, 500))))
    pull = (mean - truth) / error
    assert pull.std() == pytest.approx(1, abs=0.1)
    assert error.max() < 0.15


def test_towers_get_the_mean_of_the_diodes_that_saw_light():
    light = measured(readings([9, 64], [[0, 60, 70, 0, 0], [0, 0, 0, 0, 0]]))
    found, error = light.of_towers(np.array([0, 3071, 5000, *np.flatnonzero(towers().half_sector == 9)]))
    assert np.isnan(found[:3]).all()  # other half-sectors, and the EMCal
    assert found[3:] == pytest.approx(np.full(24, 65.0))
    assert (error[3:] > 0).all()


def test_a_half_sector_whose_diodes_saw_nothing_has_no_light():
    light = measured(readings([64], [[0, 0, 0, 0, 0]]))
    found, _ = light.of_towers(np.flatnonzero(towers().half_sector == 64))
    assert np.isnan(found).all()


def test_parts_are_joined_by_half_sector_and_the_first_counts():
    first, second = measured(readings([1], [[10] * 5])), measured(readings([1, 2], [[20] * 5, [30] * 5]))
    both = joined([first, second])
    assert both.half_sector.tolist() == [1, 2]
    assert both.pindiode[:, 0].tolist() == [10, 30]
    assert joined([]) is None
