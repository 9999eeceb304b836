"""The simulator does what its truth says: noise, spectra, beam, gains, drifts; one at a time."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.simulation.uvh5.group import INTEGRATION_S, GroupSetup, simulate_group
from dsa_hcal_assets.simulation.uvh5.instrument import add_noise, draw_gains, noise_sigma_jy
from dsa_hcal_assets.simulation.uvh5.sky import CALIBRATORS, airy_power, power_law, sky_around
from dsa_hcal_assets_tests.simulation.uvh5.written import DSA, Written

SETUP = GroupSetup(antennas=5, channels=2, integrations=5, seed=11)
SPEED_OF_LIGHT = 299792458.0


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return Written(tmp_path_factory.mktemp("noisy"), SETUP, [0, 8, 15])


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return Written(tmp_path_factory.mktemp("quiet"), replace(SETUP, noise=False), [0, 8, 15])


def test_noise_is_what_is_left_between_the_two_and_has_the_sigma_of_the_truth(noisy, quiet):
    left = (noisy.sky - quiet.sky)[:, ~noisy.autos]
    sigma = noisy.truth["noise_sigma_jy"]
    count = left.size
    for part in (left.real, left.imag):
        # standard errors of deviation and mean of so many values, four times
        assert part.std() == pytest.approx(sigma, rel=4 / np.sqrt(2 * count))
        assert part.mean() == pytest.approx(0, abs=4 * sigma / np.sqrt(count))
    assert np.corrcoef(left.real.ravel(), left.imag.ravel())[0, 1] == pytest.approx(0, abs=4 / np.sqrt(count))


def test_autocorrelations_follow_the_radiometer_equation(noisy, quiet):
    """SEFD / sqrt(bandwidth time), sqrt(2) above the real part of a baseline, and nothing imaginary."""
    left = (noisy.sky - quiet.sky)[:, noisy.autos]
    width = 187.5e6 / (16 * SETUP.channels)
    expected = DSA.sefd_jy / np.sqrt(width * INTEGRATION_S)
    assert noisy.truth["autocorrelation_sigma_jy"] == pytest.approx(expected)
    assert left.real.std() == pytest.approx(expected, rel=4 / np.sqrt(2 * left.size))
    assert not noisy.data[:, noisy.autos].imag.any()


def test_the_sigma_is_the_radiometer_equations(noisy):
    width = 187.5e6 / (16 * SETUP.channels)
    expected = DSA.sefd_jy / np.sqrt(2 * width * INTEGRATION_S)
    assert noisy.truth["noise_sigma_jy"] == pytest.approx(expected)
    # DSA-110's own numbers: 6500 Jy, 244 kHz, 12.9 s
    assert noise_sigma_jy(6500, 244140.625, INTEGRATION_S) == pytest.approx(2.59, abs=0.01)


def test_without_noise_the_truth_says_zero(quiet):
    assert quiet.truth["noise_sigma_jy"] == 0


def test_noise_is_independent_from_baseline_to_baseline_and_channel_to_channel(noisy, quiet):
    left = (noisy.sky - quiet.sky)[:, ~noisy.autos].real
    for axis in range(4):
        one, other = (np.take(left, range(start, left.shape[axis] - 1 + start), axis) for start in (0, 1))
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] == pytest.approx(0, abs=0.15), axis


def test_gains_of_the_truth_explain_every_autocorrelation(quiet):
    """Receiver and sky: the power of all sources, whatever their phase."""
    power = quiet.sky[:, quiet.autos].real - DSA.sefd_jy
    np.testing.assert_allclose(power, np.broadcast_to(power[:, :1, :, :1], power.shape), atol=0.01)
    calibrator = CALIBRATORS["3C147"].flux_jy(quiet.frequencies)
    assert np.all(power.mean(axis=(0, 1, 3)) > 0.95 * calibrator)
    assert np.all(power.mean(axis=(0, 1, 3)) < 1.2 * calibrator)
    assert not quiet.data[:, quiet.autos].imag.any()


def test_closure_phases_do_not_know_the_gains(quiet):
    """The product around a triangle of both polarisations: antenna phases cancel, the sky is the same."""
    numbers = sorted(set(quiet.first.tolist()))[:3]

    def baseline(one: int, two: int) -> np.ndarray:
        return quiet.data[:, (quiet.first == one) & (quiet.second == two)][:, 0]

    a, b, c = numbers
    closure = np.angle(baseline(a, b) * baseline(b, c) * np.conj(baseline(a, c)))
    np.testing.assert_allclose(np.angle(np.exp(1j * (closure[..., 0] - closure[..., 1]))), 0, atol=1e-4)


def test_the_sky_has_both_polarisations_alike_once_gains_are_out(quiet):
    sky = quiet.sky[:, ~quiet.autos]
    np.testing.assert_allclose(sky[..., 0], sky[..., 1], rtol=1e-4, atol=1e-3)


def test_no_visibility_is_above_the_flux_of_all_sources_in_the_beam(quiet):
    sky = np.abs(quiet.sky[:, ~quiet.autos])
    total = sum(source.flux_jy(quiet.frequencies) for source in sky_around(CALIBRATORS["3C147"]))
    assert np.all(sky <= total[:, None] * (1 + 1e-5))
    assert sky.max() > 0.7 * total.max()


def test_the_truth_names_what_was_simulated(quiet):
    assert quiet.truth["setup"]["antennas"] == 5
    assert [source["name"] for source in quiet.truth["sources"]] == ["3C147", "S1", "S2", "S3", "S4", "S5"]
    assert quiet.arrays["gains"].shape == (5, 2, 32)
    assert quiet.arrays["times_jd"].shape == (5,)
    np.testing.assert_allclose(quiet.arrays["frequencies_hz"][quiet.channels], quiet.frequencies)


def test_the_correlators_scale_is_in_the_gains(quiet):
    assert np.median(np.abs(quiet.arrays["gains"])) ** 2 == pytest.approx(1 / 200, rel=1e-5)


@pytest.mark.parametrize("numbers", [[16], [-1], [0, 99]])
def test_a_subband_the_telescope_does_not_have_is_refused(tmp_path, numbers):
    with pytest.raises(ConfigurationError, match="subband"):
        simulate_group(tmp_path, DSA, SETUP, subbands=numbers)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", [{"channels": 0}, {"integrations": 0}, {"antennas": 3}])
def test_a_group_of_nothing_is_refused(tmp_path, change):
    with pytest.raises(ConfigurationError):
        simulate_group(tmp_path, DSA, replace(SETUP, **change))


def test_another_seed_draws_other_gains_and_the_same_sky(tmp_path, quiet):
    other = Written(tmp_path, replace(SETUP, noise=False, seed=12), [8])
    assert not np.allclose(other.arrays["gains"], quiet.arrays["gains"])
    sky = other.sky[:, ~other.autos]
    same = quiet.sky[:, ~quiet.autos, 2:4]
    np.testing.assert_allclose(sky, same, rtol=1e-3, atol=2e-3)


# ------------------------------------------------------------------------------ parts


def test_noise_on_nothing_has_its_sigma_and_leaves_autocorrelations_real():
    values = np.zeros((3, 200, 100), np.complex64)
    autos = np.array([True, False, False])
    add_noise(np.random.default_rng(1), values, 2.5, autos)
    assert values[1:].real.std() == pytest.approx(2.5, rel=0.02)
    assert values[1:].imag.std() == pytest.approx(2.5, rel=0.02)
    assert values[0].real.std() == pytest.approx(2.5 * np.sqrt(2), rel=0.02)
    assert not values[0].imag.any()


@given(flux=st.floats(0.01, 100), index=st.floats(-3, 3), ghz=st.floats(0.5, 5))
def test_a_power_law_has_its_flux_at_1400_mhz_and_its_index_everywhere(flux, index, ghz):
    source = power_law("x", 0, 0, flux, index)
    assert source.flux_jy(np.array([1.4e9]))[0] == pytest.approx(flux)
    assert source.flux_jy(np.array([ghz * 1e9]))[0] == pytest.approx(flux * (ghz / 1.4) ** index)
    assert source.as_json()["flux_1400_jy"] == pytest.approx(flux)


@pytest.mark.parametrize(("name", "flux"), [("3C48", 16.1), ("3C147", 22.2), ("3C286", 14.8)])
def test_calibrators_have_their_published_fluxes_at_1400_mhz(name, flux):
    # Perley & Butler 2017 at 1.4 GHz, within their uncertainty and rounding
    assert CALIBRATORS[name].flux_jy(np.array([1.4e9]))[0] == pytest.approx(flux, rel=0.02)


def test_neighbours_stand_where_they_are_said_to_stand():
    calibrator = CALIBRATORS["3C147"]
    offsets = [(0.35, 0.20), (-0.50, 0.30), (0.20, -0.60), (-0.15, -0.25), (0.80, 0.70)]
    for source, (east, north) in zip(sky_around(calibrator)[1:], offsets, strict=True):
        assert source.dec_deg - calibrator.dec_deg == pytest.approx(north)
        scale = np.cos(np.radians(calibrator.dec_deg))
        assert (source.ra_deg - calibrator.ra_deg) * scale == pytest.approx(east)


@given(distance=st.floats(0, 0.3), ghz=st.floats(1.2, 1.6))
def test_the_beam_is_between_nothing_and_one_and_scales_with_the_wavelength(distance, ghz):
    (power,) = airy_power(np.array([distance]), np.array([ghz * 1e9]), 4.65)[0]
    assert 0 <= power <= 1
    (scaled,) = airy_power(np.array([distance]), np.array([2e9 * ghz]), 4.65 / 2)[0]
    assert power == pytest.approx(scaled, abs=1e-12)


def test_the_first_null_of_the_beam_is_at_1_22_wavelengths_per_diameter():
    null = np.arcsin(1.2196699 * SPEED_OF_LIGHT / 1.4e9 / 4.65)
    assert airy_power(np.array([null]), np.array([1.4e9]), 4.65)[0, 0] == pytest.approx(0, abs=1e-9)


def test_gains_have_the_spread_they_are_said_to_have():
    frequencies = np.linspace(1.3e9, 1.5e9, 64)
    gains = draw_gains(np.random.default_rng(0), 400, 2, frequencies, 1.0)
    middle = np.abs(gains.mean).mean(axis=2)
    assert middle.mean() == pytest.approx(1, abs=0.02)
    assert 0.08 < middle.std() < 0.16
    # phases anywhere on the circle
    assert abs(np.exp(1j * np.angle(gains.mean[:, :, 32])).mean()) < 0.1
    slope = np.unwrap(np.angle(gains.mean), axis=2)
    delays = (slope[..., -1] - slope[..., 0]) / (2 * np.pi * 0.2e9)
    assert delays.std() == pytest.approx(5e-9, rel=0.15)


def test_gains_drift_slowly_from_their_mean_in_the_middle_of_group_0():
    gains = draw_gains(np.random.default_rng(0), 300, 2, np.linspace(1.3e9, 1.5e9, 4), 1.0)
    np.testing.assert_array_equal(gains.drift(np.zeros(1)), 1)
    half = gains.drift(np.array([154.6]))
    assert np.radians(8) < np.abs(np.angle(half)).max() <= np.radians(10)
    assert np.abs(np.abs(half) - 1).max() < 0.01
    day = gains.drift(np.arange(0, 86400, 300.0))
    # no jump: from group to group less than twice of what half a group may do
    assert np.abs(np.angle(day[1:] / day[:-1])).max() < np.radians(20)
    assert 0.95 < np.abs(day).min() < np.abs(day).max() < 1.05
