"""Interference, dead antennas: in the data exactly where the truth says, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.simulation.uvh5.group import INTEGRATION_S, GroupSetup, simulate_group
from dsa_hcal_assets.simulation.uvh5.interference import LINES, SPEED_RAD_S, emitters, occupied
from dsa_hcal_assets_tests.simulation.uvh5.written import DSA, Written

SETUP = GroupSetup(antennas=5, channels=4, integrations=6, seed=21, noise=False)
EVERY = list(range(16))
FREQUENCIES = 1498.75e6 - 187.5e6 / 64 * (np.arange(64) + 0.5)


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Written:
    return Written(tmp_path_factory.mktemp("clean"), SETUP, EVERY)


@pytest.fixture(
    scope="module", params=[("narrowband",), ("transient",), ("narrowband", "transient")], ids=str
)
def dirty(request, tmp_path_factory) -> Written:
    return Written(tmp_path_factory.mktemp("dirty"), replace(SETUP, interference=request.param), EVERY)


def added(dirty: Written, clean: Written) -> np.ndarray:
    """What interference added, Jy: (times, baselines, channels), the same in both polarisations."""
    left = dirty.sky - clean.sky
    np.testing.assert_allclose(left[..., 0], left[..., 1], atol=0.02)
    return left.mean(axis=-1)


def test_it_is_where_the_mask_says_on_every_baseline(dirty, clean):
    mask = dirty.arrays["interference"]
    left = np.abs(added(dirty, clean))
    assert 0 < mask.sum() < mask.size
    assert left.transpose(0, 2, 1)[mask].min() > 1
    assert left.transpose(0, 2, 1)[~mask].max() < 0.02


def test_the_records_are_the_mask_and_the_flux(dirty, clean):
    shape = dirty.arrays["interference"].shape
    power = np.zeros(shape)
    for one in dirty.truth["interference"]:
        (first, last), (low, high) = one["integrations"], one["channels"]
        power[first : last + 1, low : high + 1] += one["flux_jy"]
    np.testing.assert_array_equal(power > 0, dirty.arrays["interference"])
    found = added(dirty, clean)[:, dirty.autos].real.mean(axis=1)
    np.testing.assert_allclose(found, power, atol=0.02)
    kinds = {one["kind"] for one in dirty.truth["interference"]}
    assert kinds == set(dirty.setup.interference)


def test_a_transmitter_on_the_ground_keeps_its_phase_and_a_satellite_does_not():
    ground, *_ = emitters(replace(SETUP, interference=("narrowband",)), 0, FREQUENCIES, 16)
    np.testing.assert_array_equal(np.ptp(ground.directions(6, INTEGRATION_S), axis=0), 0)
    satellite, *_ = emitters(replace(SETUP, interference=("transient",)), 0, FREQUENCIES, 16)
    towards = satellite.directions(6, INTEGRATION_S)
    steps = np.arccos((towards[1:] * towards[:-1]).sum(axis=1))
    np.testing.assert_allclose(steps, INTEGRATION_S * SPEED_RAD_S)


def test_lines_stay_from_group_to_group_and_passes_are_new(dirty):
    one, other = (emitters(dirty.setup, group, FREQUENCIES, 16) for group in (0, 1))
    for kind, same in (("narrowband", True), ("transient", False)):
        if kind in dirty.setup.interference:
            pair = [[each for each in group if each.kind == kind] for group in (one, other)]
            assert (pair[0] == pair[1]) is same


def test_lines_are_in_the_channels_of_their_frequencies():
    lines = emitters(replace(SETUP, interference=("narrowband",)), 0, FREQUENCIES, 16)
    for line, (frequency, flux) in zip(lines, LINES, strict=True):
        assert line.channels[0] == line.channels[1]
        assert abs(FREQUENCIES[line.channels[0]] - frequency) <= 187.5e6 / 64 / 2
        # twelve of the telescope's channels in one of these
        assert line.flux_jy == pytest.approx(flux / 12)


@given(
    seed=st.integers(0, 2**32),
    channels=st.integers(1, 48),
    integrations=st.integers(1, 30),
    group=st.integers(0, 300),
)
def test_passes_are_short_fill_whole_subbands_and_lie_inside_the_group(seed, channels, integrations, group):
    setup = GroupSetup(channels=channels, integrations=integrations, seed=seed, interference=("transient",))
    heard = emitters(setup, group, np.linspace(1.5e9, 1.3e9, 16 * channels), 16)
    mask = occupied(heard, integrations, 16 * channels)
    assert mask.sum() == np.logical_or.reduce([one.mask(integrations, 16 * channels) for one in heard]).sum()
    for one in heard:
        first, last = one.integrations
        assert 0 <= first <= last < integrations
        assert last - first < 4
        assert one.channels[0] % channels == 0
        assert (one.channels[1] + 1) % channels == 0
        assert 0 <= one.channels[0] <= one.channels[1] < 16 * channels


def test_baselines_of_dead_antennas_are_zero_and_no_other_has_changed(clean, tmp_path):
    some = Written(tmp_path, replace(SETUP, dead_antennas=2), EVERY)
    dead = some.truth["dead_antennas"]
    assert len(dead) == 2
    assert set(dead) <= set(some.arrays["stations"].tolist())
    silent = np.isin(some.first + 1, dead) | np.isin(some.second + 1, dead)
    assert silent.sum() == 9
    assert not some.data[:, silent].any()
    np.testing.assert_array_equal(some.data[:, ~silent], clean.data[:, ~silent])


@pytest.mark.parametrize(
    "change",
    [
        {"dead_antennas": 6},
        {"dead_antennas": -1},
        {"field_sources": -1},
        {"interference": ("radar",)},
        {"phase": "sidereal"},
    ],
)
def test_damage_that_cannot_be_is_refused(tmp_path, change):
    with pytest.raises(ConfigurationError, match="cannot be simulated"):
        simulate_group(tmp_path, DSA, replace(SETUP, **change))
    assert list(tmp_path.iterdir()) == []
