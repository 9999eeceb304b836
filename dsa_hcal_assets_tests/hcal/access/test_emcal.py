"""Histories of EMCal towers."""

from datetime import timedelta

import numpy as np
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal import access
from dsa_hcal_assets.hcal.access.telemetry import NoQuantity
from dsa_hcal_assets_tests.hcal.emcal.calorimeter import cycle


def test_a_sector_that_was_down_is_a_gap_until_it_is_back(emcal_day: Database) -> None:
    chosen = access.towers("EMCal", sector=40)
    history = access.read(emcal_day, "temperature_sipm", chosen, cycle(0), cycle(6))
    assert history.values.shape == (4, 384)
    assert np.isnan(history.values[0]).all()
    assert not np.isnan(history.values[1:]).any()
    [(truth,)] = emcal_day.rows(
        "select temperature_sipm from hcal.emcal_reading where ts = %s and tower_id = %s",
        (cycle(2), int(chosen[7])),
    )
    assert history.values[2, 7] == np.float32(truth)


def test_the_cycle_that_is_missing_is_filled_from_before_until_it_is_too_old(emcal_day: Database) -> None:
    chosen = access.towers("EMCal", ieta=50, iphi=200)
    history = access.read(emcal_day, "leakage", chosen, cycle(0), cycle(6))
    grid = history.on_grid(timedelta(minutes=10), start=cycle(0), end=cycle(6), max_age=timedelta(minutes=10))
    assert np.isnan(grid.values[:, 0]).tolist() == [False, False, False, False, True, False]
    assert grid.values[3, 0] == history.values[2, 0]


def test_quantities_are_the_emcals_own(emcal_day: Database) -> None:
    with pytest.raises(NoQuantity, match=r"no 'temperature'.*temperature_sipm"):
        access.read(emcal_day, "temperature", [3072], cycle(0), cycle(1))
