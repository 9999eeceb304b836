"""Numbers that judge a day of the EMCal."""

import math

import pandas as pd
import pytest

from dsa_hcal_assets.hcal.emcal import readers
from dsa_hcal_assets.hcal.emcal.quality_metrics import state_metrics
from dsa_hcal_assets_tests.hcal.emcal.calorimeter import DAY, changed, snapshot


def metrics_of(database, day=DAY):
    frames = (
        reader(database, day) for reader in (readers.towers_of_day, readers.boards_of_day, readers.snapshots)
    )
    return {metric.name: metric for metric in state_metrics(*frames)}


def test_a_day_with_a_controller_down_once_and_a_gap(emcal_day):
    metrics = metrics_of(emcal_day)
    assert metrics["snapshots"].value == 4
    assert metrics["coverage"].value == pytest.approx(1 - 384 / (4 * 24576))
    assert metrics["boards_ok"].value == pytest.approx(1 - 6 / (4 * 384))
    assert metrics["largest_gap"].value == pytest.approx(3.0)
    assert metrics["sequence_gaps"].value == 2
    assert [metrics[name].value for name in ("boards_silent", "boards_unbiased", "failed_readings")] == [
        0,
        0,
        0,
    ]
    assert 20 < metrics["temperature_sipm_lowest"].value < metrics["temperature_sipm_highest"].value < 22.5
    assert metrics["temperature_preamp_highest"].value > 27


def test_what_is_wrong_is_named(database, load):
    for number in range(3):
        one = snapshot(number, sectors=(8, 9), down={9})
        voltage = one.controllers[0].voltage.copy()
        voltage[2, 1] = 0.0
        load(changed(one, 8, voltage=voltage, gain=("high", *["normal"] * 5)))
    metrics = metrics_of(database)
    # 372 boards were not polled at all, six did not answer
    assert metrics["boards_silent"].value == 378
    assert (metrics["boards_unbiased"].value, metrics["boards_unbiased"].detail) == (1, "S08-2")
    assert (metrics["sectors_mixed_gain"].value, metrics["sectors_mixed_gain"].detail) == (1, "S08")


def test_a_place_the_map_does_not_know_is_named(database, load):
    load(changed(snapshot(0, sectors=[8]), 8, controller="X1"))
    metrics = metrics_of(database)
    assert metrics["boards_unmapped"].value == 6
    assert metrics["boards_unmapped"].detail.startswith("X1/0, X1/1")


def test_nothing_loaded_cannot_be_measured(database):
    metrics = metrics_of(database)
    assert metrics["snapshots"].value == 0
    unknown = ("coverage", "boards_ok", "failed_readings", "temperature_sipm_lowest")
    assert all(math.isnan(metrics[name].value) for name in unknown)
    assert pd.isna(metrics["temperature_preamp_highest"].value)
