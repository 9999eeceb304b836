"""Rows of the main table: order, units, weights and counts, from a group read back column by column."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from dsa_hcal_assets.radio.conversion.plan import Plan, make_plan
from dsa_hcal_assets.radio.conversion.rows import Written, mjd_seconds, write_rows
from dsa_hcal_assets.radio.conversion.schema import create_main_table
from dsa_hcal_assets.radio.conversion.visibilities import GroupReader
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets_tests.radio.conversion import headers
from dsa_hcal_assets_tests.radio.conversion.pyuvdata_writer import columns

pytestmark = pytest.mark.radio
VLA = load_profiles()["vla"]
# one baseline, six times on three fields: scans 1, 1, 2, 2, 3, 4
FIELD_IDS = np.array([0, 0, 1, 1, 7, 0])
FIELDS = (headers.sidereal(0, "one"), headers.sidereal(1, "two"), headers.sidereal(7, "seven"))
CHANNELS, SUBBANDS = 3, 2


def tracked(folder: Path, layout: str, *, spoil=None) -> Plan:
    group = []
    for number in range(SUBBANDS):
        made = headers.header(antennas=2, integrations=2, channels=CHANNELS, subband=number)
        times = headers.START_JD + np.arange(6) * 1e-4
        path = folder / f"sb{number:02d}.hdf5"
        shape = (6, CHANNELS, 2)
        cube = {
            "visdata": np.full(shape, 1 + number + 2j, np.complex64),
            "flags": np.zeros(shape, np.bool_),
            "nsamples": np.full(shape, 4.0, np.float32),
        }
        if spoil is not None:
            spoil(number, cube)
        with h5py.File(path, "w") as file:
            for name, values in cube.items():
                file[f"Data/{name}"] = values
        changes = {
            "path": path,
            "fields": FIELDS,
            "field_ids": FIELD_IDS,
            "drift_app_dec_rad": None,
            "times_jd": times,
            "ant1": np.zeros(6, np.int64),
            "ant2": np.ones(6, np.int64),
            "uvw_m": np.arange(18.0).reshape(6, 3),
            "integration_s": np.arange(6) + 10.0,
        }
        group.append(replace(made, **changes))
    return make_plan(group, VLA, layout=layout)  # type: ignore[arg-type]


def write(
    folder: Path, layout: str, *, weight_spectrum: bool = False, **options
) -> tuple[Path, Written, list]:
    plan = tracked(folder, layout, **options)
    path, steps = folder / "a.ms", []
    rows = len(plan.rows) * len(plan.windows)
    table = create_main_table(path, CHANNELS * SUBBANDS, 2, rows, weight_spectrum=weight_spectrum)
    with GroupReader(plan, weight_spectrum=weight_spectrum) as reader:
        written = write_rows(table, reader, steps.append)
    table.close()
    return path, written, steps


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory):
    return columns(write(tmp_path_factory.mktemp("single"), "single")[0])


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory):
    return columns(write(tmp_path_factory.mktemp("several"), "per-subband")[0])


def test_one_window_has_a_row_for_each_of_the_files_rows(single):
    assert single["DATA"].shape == (6, CHANNELS * SUBBANDS, 2)
    assert single["SCAN_NUMBER"].tolist() == [1, 1, 2, 2, 3, 4]
    assert single["FIELD_ID"].tolist() == [0, 0, 1, 1, 2, 0]
    assert set(single["DATA_DESC_ID"]) == {0}


def test_several_windows_follow_one_another_within_each_scan(several):
    assert several["DATA"].shape == (12, CHANNELS, 2)
    assert several["SCAN_NUMBER"].tolist() == [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 4]
    assert several["DATA_DESC_ID"].tolist() == [0, 0, 1, 1, 0, 0, 1, 1, 0, 1, 0, 1]
    assert several["FIELD_ID"].tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 0, 0]


def test_window_0_is_the_lowest_subband_whose_visibilities_are_conjugated(single, several):
    # sb01 is the lower one
    assert np.all(several["DATA"][several["DATA_DESC_ID"] == 0] == 2 - 2j)
    assert np.all(several["DATA"][several["DATA_DESC_ID"] == 1] == 1 - 2j)
    assert np.all(single["DATA"][:, :CHANNELS] == 2 - 2j)
    assert np.all(single["DATA"][:, CHANNELS:] == 1 - 2j)


def test_times_and_intervals_are_those_of_the_header(single, several):
    times = mjd_seconds(headers.START_JD + np.arange(6) * 1e-4)
    for name in ("TIME", "TIME_CENTROID"):
        np.testing.assert_array_equal(single[name], times)
        np.testing.assert_array_equal(several[name][several["DATA_DESC_ID"] == 1], times)
    for name in ("INTERVAL", "EXPOSURE"):
        assert single[name].tolist() == [10, 11, 12, 13, 14, 15]


def test_baselines_point_from_antenna_2_to_antenna_1_as_conjugated_data_need(single):
    np.testing.assert_array_equal(single["UVW"], -np.arange(18.0).reshape(6, 3))
    assert set(single["ANTENNA1"]) == {0}
    assert set(single["ANTENNA2"]) == {1}


def test_numbers_that_point_to_single_rows_are_zero(single):
    for name in ("ARRAY_ID", "FEED1", "FEED2", "OBSERVATION_ID", "PROCESSOR_ID", "STATE_ID"):
        assert not single[name].any(), name


def test_sigma_is_the_inverse_root_of_the_weight(single):
    assert set(single["WEIGHT"].ravel()) == {4}
    assert set(single["SIGMA"].ravel()) == {0.5}


def test_a_weight_is_the_median_over_channels_and_none_has_no_sigma(tmp_path):
    def spoil(number, cube):
        if number == 0:
            cube["nsamples"][2, :, 0] = 1
        cube["nsamples"][3, :, 1] = 0

    found = columns(write(tmp_path, "single", spoil=spoil)[0])
    # half of the channels 4, half 1
    assert found["WEIGHT"][2].tolist() == [2.5, 4]
    assert found["WEIGHT"][3].tolist() == [4, 0]
    assert found["SIGMA"][3].tolist() == [0.5, 0]


def test_weights_of_channels_are_written_when_asked_for(tmp_path):
    def spoil(number, cube):
        cube["nsamples"][2, 0, 0] = 1 + number

    found = columns(write(tmp_path, "single", spoil=spoil, weight_spectrum=True)[0])["WEIGHT_SPECTRUM"]
    # a subband's first channel is its highest
    assert found[2, :, 0].tolist() == [4, 4, 2, 4, 4, 1]
    assert np.all(np.delete(found, 2, 0) == 4)


def test_a_row_is_flagged_as_a_whole_only_when_all_of_it_is(tmp_path):
    def spoil(number, cube):
        cube["flags"][1] = True
        cube["flags"][2, :, 0] = True

    found = columns(write(tmp_path, "single", spoil=spoil)[0])
    assert found["FLAG_ROW"].tolist() == [False, True, False, False, False, False]


@pytest.mark.parametrize("layout", ["single", "per-subband"])
def test_what_was_written_is_counted(tmp_path, layout):
    def spoil(number, cube):
        cube["flags"][1] = True
        cube["visdata"][0, 0, 0] = np.nan

    _, written, steps = write(tmp_path, layout, spoil=spoil)
    values = 6 * CHANNELS * SUBBANDS * 2
    assert written.rows == (6 if layout == "single" else 12)
    assert (written.values, sum(steps)) == (values, values)
    # one row of all, and a value a subband that is not finite
    assert (written.flagged, written.not_finite) == (CHANNELS * SUBBANDS * 2 + 2, 2)
