"""The artificial rig keeps to its description."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from dsa_hcal_assets.simulation.rig import simulate

START = datetime(2025, 6, 5, tzinfo=UTC)


def columns(**options):
    readings = list(simulate(START, **options))
    return np.array([[one.temperature, one.pressure, one.uptime] for one in readings]).T


def test_a_hundred_rows_six_minutes_apart_by_default():
    readings = list(simulate(START))
    assert len(readings) == 100
    assert readings[1].timestamp - readings[0].timestamp == timedelta(minutes=6)


def test_121_rows_make_twelve_hours():
    *_, last = simulate(START, rows=121)
    assert last.timestamp - START == timedelta(hours=12)
    assert last.uptime == 12


def test_without_anomalies_the_curves_are_within_their_noise():
    temperature, pressure, uptime = columns(rows=240, anomalies=0)
    angle = 2 * np.pi * uptime / 24
    assert np.abs(temperature - 60 - 20 * np.sin(angle)).max() <= 10.001
    assert np.abs(pressure - 1000 - 50 * np.sin(2 * angle)).max() <= 20.001
    assert temperature.min() >= 20
    assert temperature.max() <= 100


def test_anomalies_are_of_the_stated_size_and_share():
    calm, wild = columns(rows=5000, anomalies=0), columns(rows=5000)
    moved = np.round(np.abs(wild - calm), 3)
    assert set(np.unique(moved[0])) == {0, 30}
    assert set(np.unique(moved[1])) == {0, 100}
    assert (moved[0] > 0).mean() == pytest.approx(0.05, abs=0.01)
    assert (moved[1] > 0).mean() == pytest.approx(0.05, abs=0.01)


def test_the_seed_decides():
    assert list(simulate(START, seed=3)) == list(simulate(START, seed=3))
    assert list(simulate(START, seed=3)) != list(simulate(START, seed=4))


def test_a_naive_start_is_refused():
    with pytest.raises(ValueError, match="naive"):
        next(simulate(START.replace(tzinfo=None)))
