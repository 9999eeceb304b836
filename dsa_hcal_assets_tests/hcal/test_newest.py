"""The newest cycle in brief says what the whole of it says."""

import numpy as np

from dsa_hcal_assets.hcal.newest import half_sectors, newest_cycle
from dsa_hcal_assets.hcal.readers import state_at
from dsa_hcal_assets_tests.hcal import detector


def test_it_is_the_last_that_was_loaded(day):
    with day.transaction() as cursor:
        found = newest_cycle(cursor)
    assert found.cycle == detector.cycle(7)
    assert found.boards["partial"] == 1
    assert sum(found.boards.values()) == 16


def test_half_sectors_are_means_of_the_towers_that_were_read(day):
    towers = state_at(day, detector.cycle(7))
    groups = towers.groupby("half_sector")
    with day.transaction() as cursor:
        found = half_sectors(cursor, detector.cycle(7))
    assert found.towers == groups["temperature"].count().tolist()
    for name in ("temperature", "leakage", "bias_offset", "bias", "lv_positive", "lv_negative"):
        means = np.array(getattr(found, name), dtype=float)
        np.testing.assert_allclose(means, groups[name].mean(), atol=0.0006, equal_nan=True)
    assert found.gain == groups["gain"].first().tolist()
    # three towers of one half-sector were not read
    assert min(found.towers) < max(found.towers) == 24


def test_labels_are_those_of_the_shift_displays_in_their_order(day):
    with day.transaction() as cursor:
        labels = half_sectors(cursor, detector.cycle(7)).label
    assert (labels[0], labels[63], labels[127]) == ("O-00N", "O-31S", "I-31S")
    assert len(set(labels)) == 128


def test_a_cycle_that_was_never_taken_has_nothing_read(day):
    with day.transaction() as cursor:
        found = half_sectors(cursor, detector.cycle(500))
    assert set(found.towers) == {0}
    assert set(found.temperature) == set(found.gain) == {None}
