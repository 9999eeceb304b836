"""The survey of a Measurement Set returns the numbers that were written into it."""

from pathlib import Path

import numpy as np
import pytest

from dsa_hcal_assets.radio.conversion import survey as survey_module
from dsa_hcal_assets.radio.conversion.survey import Survey, survey
from dsa_hcal_assets_tests.radio.conversion import known_set
from dsa_hcal_assets_tests.radio.conversion.known_set import CHANNELS, CROSS, TIMES, WIDTH_HZ

pytestmark = pytest.mark.radio
# 4 antennas: 6 cross-correlations and 4 autocorrelations at each of 3 times in each of 2 windows
ROWS, CROSS_ROWS = 2 * 3 * 10, 3 * 6
AMPLITUDE = [1 + w + c + k / 10 for w in range(2) for k in range(CHANNELS) for c in range(2)]
AMPLITUDES = np.reshape(AMPLITUDE, (2, CHANNELS, 2))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    return survey(known_set.write(tmp_path_factory.mktemp("known") / "a.ms"))


@pytest.fixture
def changed(tmp_path: Path):
    """Return the survey of a set with changed columns."""
    return lambda change, **options: survey(known_set.write(tmp_path / "a.ms", change=change, **options))


def test_rows_windows_antennas_and_fields_are_counted(sound):
    assert (sound.rows, len(sound.windows), sound.field_names) == (ROWS, 2, ["here"])
    assert sound.antenna_names == ["A0", "A1", "A2", "A3"]
    np.testing.assert_array_equal(sound.antenna_positions_m, known_set.POSITIONS_M)
    assert sound.antennas_used.tolist() == [0, 1, 2, 3]
    for column in ("PHASE_DIR", "REFERENCE_DIR", "DELAY_DIR"):
        assert sound.directions[column].tolist() == [[1.2, 0.5]]


def test_frequencies_are_those_of_each_window(sound):
    np.testing.assert_array_equal(sound.windows[0].frequencies_hz, 1.4e9 + WIDTH_HZ * np.arange(4))
    np.testing.assert_array_equal(sound.windows[1].frequencies_hz, 1.4e9 + WIDTH_HZ * np.arange(4, 8))


def test_mean_amplitudes_are_those_of_cross_correlations_alone(sound):
    for window, expected in zip(sound.windows, AMPLITUDES, strict=True):
        np.testing.assert_allclose(window.mean_amplitude, expected, rtol=1e-6)
        assert window.total == CROSS_ROWS * CHANNELS * 2
        assert not window.all_zero
    assert sound.pairs.flagged_fraction(working_only=False) == 0


def test_the_mean_amplitude_of_each_time_is_over_all_windows(sound):
    np.testing.assert_array_equal(sound.times, TIMES)
    np.testing.assert_allclose(sound.amplitude_of_time, AMPLITUDES.mean(), rtol=1e-6)


def test_baselines_and_uvw_are_measured_in_metres(sound):
    # A1 (300 m east) to A2 (400 m north)
    assert sound.longest_baseline_m == pytest.approx(500)
    assert sound.longest_uvw_m == pytest.approx(500)
    assert sound.uvw_residual_m == pytest.approx(0, abs=1e-9)
    assert {tuple(uv) for uv in sound.uv_m.round().tolist()} == {
        (300, 0), (0, 400), (-120, 0), (-300, 400), (-420, 0), (-120, -400)
    }  # fmt: skip


def test_autocorrelations_are_counted_value_by_value(sound):
    # 2 windows, 3 times, 4 antennas, 4 channels, 2 correlations
    assert (sound.autos, sound.autos_not_positive) == (2 * 3 * 4 * 4 * 2, 0)


def test_blocks_of_rows_that_cut_windows_in_two_change_nothing(sound, tmp_path, monkeypatch):
    path = known_set.write(tmp_path / "a.ms")
    monkeypatch.setattr(survey_module, "ROWS_OF_COLUMNS", 17)
    monkeypatch.setattr(survey_module, "BLOCK_BYTES", 3 * CHANNELS * 2 * 8)
    pieces = survey(path)
    assert (pieces.rows, pieces.autos, pieces.longest_uvw_m) == (sound.rows, sound.autos, sound.longest_uvw_m)
    np.testing.assert_allclose(pieces.amplitude_of_time, sound.amplitude_of_time)
    for one, other in zip(pieces.windows, sound.windows, strict=True):
        np.testing.assert_allclose(one.amplitude_sum, other.amplitude_sum, rtol=1e-12)
        np.testing.assert_array_equal(one.used, other.used)


def test_flagged_values_count_in_the_fraction_and_in_no_mean(changed):
    def flag(columns):
        # one channel of one window at all times, with values that would spoil a mean
        columns["FLAG"][1, :, :, 2] = True
        columns["DATA"][1, :, :, 2] = 1e6

    found = changed(flag)
    assert found.pairs.flagged_fraction(working_only=False) == pytest.approx(1 / 8)
    np.testing.assert_array_equal(found.pairs.flagged_of_antenna, 1 / 8)
    np.testing.assert_array_equal(found.windows[1].flagged_of_time[:, 2], 12)
    assert found.windows[1].flagged_of_time.sum() == 3 * 12
    mean = found.windows[1].mean_amplitude
    assert np.isnan(mean[2]).all()
    np.testing.assert_allclose(np.delete(mean, 2, 0), np.delete(AMPLITUDES[1], 2, 0), rtol=1e-6)
    assert found.windows[1].flagged[2].tolist() == [CROSS_ROWS, CROSS_ROWS]
    assert found.amplitude_of_time.max() < 4


def test_flagged_values_that_are_not_numbers_spoil_nothing(changed):
    def spoil(columns):
        columns["DATA"][0, 1, CROSS, 3, 0] = np.nan
        columns["FLAG"][0, 1, CROSS, 3, 0] = True

    found = changed(spoil)
    np.testing.assert_allclose(found.windows[0].mean_amplitude, AMPLITUDES[0], rtol=1e-6)
    assert np.isfinite(found.amplitude_of_time).all()


def test_an_antenna_without_data_counts_in_the_raw_fraction_alone(changed):
    def silence(columns):
        of_a3 = (columns["ANTENNA1"] == 3) | (columns["ANTENNA2"] == 3)
        columns["FLAG"][of_a3] = True

    pairs = changed(silence).pairs
    # 3 of 6 baselines
    assert pairs.flagged_fraction(working_only=False) == pytest.approx(0.5)
    assert pairs.flagged_fraction(working_only=True) == 0
    assert pairs.working.all(axis=1).tolist() == [True, True, True, False]
    np.testing.assert_allclose(pairs.flagged_of_antenna, [1 / 3, 1 / 3, 1 / 3, 1])


def test_zeros_that_are_not_flagged_are_no_data_either(changed):
    def silence(columns):
        of_a0 = (columns["ANTENNA1"] == 0) | (columns["ANTENNA2"] == 0)
        columns["DATA"][of_a0, :, 1] = 0

    pairs = changed(silence).pairs
    assert pairs.working.tolist() == [[True, False], [True, True], [True, True], [True, True]]


def test_values_that_are_no_numbers_and_not_flagged_are_counted(changed):
    def spoil(columns):
        crossed = np.flatnonzero(CROSS)
        columns["DATA"][0, 1, crossed[0], 3, 0] = np.nan
        columns["DATA"][1, 2, crossed[1], 0, 1] = np.inf

    assert changed(spoil).not_finite == 2


def test_each_field_has_the_times_of_its_rows(changed):
    found = changed(None)
    assert found.field_times.tolist() == [[TIMES[0], TIMES[-1]]]


@pytest.mark.parametrize(
    ("codes", "parallel"), [([9, 12], 2), ([9, 10], 1), ([10, 11], 0), ([1, 4], 1), ([5, 8], 2), ([6, 8], 1)]
)
def test_only_correlations_of_a_feed_with_itself_are_powers(changed, codes, parallel):
    found = changed(lambda columns: columns["CORR_TYPE"].__setitem__(slice(None), codes))
    assert found.autos == 2 * 3 * 4 * 4 * parallel


def test_flags_of_autocorrelations_are_not_in_the_fraction(changed):
    found = changed(lambda columns: columns["FLAG"].__setitem__((slice(None), slice(None), ~CROSS), True))
    assert (found.pairs.flagged_fraction(working_only=False), found.autos) == (0, 0)


def test_a_time_all_of_which_is_flagged_has_no_amplitude(changed):
    found = changed(lambda columns: columns["FLAG"].__setitem__((slice(None), 1), True))
    assert np.isnan(found.amplitude_of_time).tolist() == [False, True, False]
    np.testing.assert_array_equal(found.times, TIMES)


@pytest.mark.parametrize("window", [0, 1])
def test_the_window_that_is_all_zero_is_told_from_the_others(changed, window):
    found = changed(lambda columns: columns["DATA"].__setitem__(window, 0))
    assert [one.all_zero for one in found.windows] == [number == window for number in range(2)]


def test_a_single_value_is_enough_for_a_window_not_to_be_zero(changed):
    def nearly(columns):
        columns["DATA"][0] = 0
        columns["DATA"][0, 2, 5, 3, 1] = 1e-9

    assert not changed(nearly).windows[0].all_zero


def test_autocorrelations_of_zero_and_below_are_counted(changed):
    def spoil(columns):
        autos = np.flatnonzero(~CROSS)
        columns["DATA"][0, 0, autos[0], 0, 0] = -1
        columns["DATA"][0, 0, autos[1], 1, 1] = 0
        # flagged ones are known to be bad
        columns["DATA"][0, 0, autos[2], 2, 0] = -1
        columns["FLAG"][0, 0, autos[2], 2, 0] = True

    found = changed(spoil)
    assert (found.autos, found.autos_not_positive) == (191, 2)


def test_an_antenna_that_is_not_where_its_uvw_say_shows_in_the_residual(changed):
    def move(columns):
        columns["POSITION"][1] += [0, 1.0, 0]

    found = changed(move)
    # the worst baseline is one of those along the shift: A0-A1, A1-A3
    assert found.uvw_residual_m == pytest.approx(1.0, abs=1e-6)


def test_uvw_of_one_row_in_one_window_are_enough(changed):
    found = changed(lambda columns: columns["UVW"].__setitem__((1, 2, 5), 1000.0))
    assert found.longest_uvw_m == pytest.approx(1000 * np.sqrt(3))
    assert found.uvw_residual_m > 1000


def test_antennas_without_rows_are_not_used(changed):
    def rename(columns):
        columns["ANTENNA1"][columns["ANTENNA1"] == 3] = 2
        columns["ANTENNA2"][columns["ANTENNA2"] == 3] = 2

    assert changed(rename).antennas_used.tolist() == [0, 1, 2]


def test_the_sample_of_uv_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(known_set, "TIMES", 5.1e9 + np.arange(300.0))
    monkeypatch.setattr(survey_module, "UV_SAMPLES", 1000)
    found = survey(known_set.write(tmp_path / "a.ms"))
    # six of ten baselines are cross-correlations
    assert 450 <= len(found.uv_m) <= 750
    assert len(np.unique(found.uv_m, axis=0)) == CROSS.sum()


def test_one_window_is_surveyed_like_many(changed):
    found = changed(None, windows=1)
    assert found.rows == ROWS // 2
    np.testing.assert_allclose(found.windows[0].mean_amplitude, AMPLITUDES[0], rtol=1e-6)
