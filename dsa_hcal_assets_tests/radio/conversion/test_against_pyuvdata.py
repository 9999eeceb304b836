"""The converter against pyuvdata's own `write_ms`, over small shapes and on the real VLA observation."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.radio.conversion.group import convert_group
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre, midpoint_centre
from dsa_hcal_assets.radio.ingest.uvh5 import read_header
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.simulation.vla import write_ngc5921
from dsa_hcal_assets_tests.radio import uvh5_files
from dsa_hcal_assets_tests.radio.conversion import pyuvdata_writer

pytestmark = pytest.mark.radio
DSA, VLA = load_profiles()["dsa110"], load_profiles()["vla"]
CENTRE = PhaseCentre("3C147", 1.4948, 0.87008)
INPUTS = {"driftscan": "meridian", "unprojected": "zenith", "sidereal": "phased"}
# complex64 keeps 24 bits; phases of 1e3 wavelengths are reduced in float64 on both sides
DATA_RTOL = 3e-6
# float64 angles times 1 km are 1e-12 m; each meridian goes to ICRS and back, good to 1e-13 rad
UVW_ATOL_M = 1e-9
SUBTABLES = {
    "ANTENNA": ["NAME", "STATION", "POSITION", "DISH_DIAMETER", "OFFSET"],
    "FIELD": ["NAME", "PHASE_DIR", "REFERENCE_DIR", "DELAY_DIR", "NUM_POLY", "TIME"],
    "SPECTRAL_WINDOW": ["CHAN_FREQ", "CHAN_WIDTH", "RESOLUTION", "EFFECTIVE_BW", "NAME", "MEAS_FREQ_REF"],
    "POLARIZATION": ["CORR_TYPE", "NUM_CORR"],
    "DATA_DESCRIPTION": ["SPECTRAL_WINDOW_ID", "POLARIZATION_ID"],
    "OBSERVATION": ["TELESCOPE_LOCATION"],
}


def require_equal(ours: Path, theirs: Path) -> None:
    """Everything of the tables that both write: to rounding, exactly where nothing is computed.

    pyuvdata's one window has only the channels that some subband has; ours may have the others too.
    """
    one, other = pyuvdata_writer.columns(ours), pyuvdata_writer.columns(theirs)
    for name in ("ANTENNA1", "ANTENNA2", "FIELD_ID", "DATA_DESC_ID", "SCAN_NUMBER"):
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    for name in ("TIME", "TIME_CENTROID", "INTERVAL", "EXPOSURE"):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-15, err_msg=name)
    np.testing.assert_allclose(one["UVW"], other["UVW"], rtol=1e-14, atol=UVW_ATOL_M)
    windows, their_windows = (pyuvdata_writer.columns(path, "SPECTRAL_WINDOW") for path in (ours, theirs))
    present = np.ones(windows["CHAN_FREQ"].shape[1:], np.bool_)
    if len(windows["CHAN_FREQ"]) == 1:
        gap = np.abs(windows["CHAN_FREQ"][0][:, None] - their_windows["CHAN_FREQ"][0]).min(axis=1)
        present = gap < windows["CHAN_WIDTH"][0] / 2
    if "DATA" in one:
        require_equal_visibilities(one, other, present)
    for table, names in SUBTABLES.items():
        one, other = pyuvdata_writer.columns(ours, table), pyuvdata_writer.columns(theirs, table)
        for name in names:
            values = one[name]
            if table == "SPECTRAL_WINDOW" and values.ndim == 2:
                values = values[:, present]
            if values.dtype.kind == "f":
                np.testing.assert_allclose(
                    values, other[name], rtol=1e-13, atol=1e-9, err_msg=f"{table}.{name}"
                )
            else:
                np.testing.assert_array_equal(values, other[name], err_msg=f"{table}.{name}")


def require_equal_visibilities(one, other, present) -> None:
    np.testing.assert_array_equal(one["FLAG"][:, present], other["FLAG"])
    # of one window pyuvdata 3.2 forgets to bring WEIGHT and SIGMA into CASA's order of correlations
    np.testing.assert_array_equal(one["WEIGHT"], np.median(other["WEIGHT_SPECTRUM"], axis=1))
    weighted = one["WEIGHT"] > 0
    np.testing.assert_allclose(one["SIGMA"][weighted], one["WEIGHT"][weighted] ** -0.5, rtol=1e-6)
    scale = np.abs(other["DATA"]).max()
    np.testing.assert_allclose(one["DATA"][:, present], other["DATA"], rtol=DATA_RTOL, atol=DATA_RTOL * scale)
    # channels of lost subbands
    assert one["FLAG"][:, ~present].all()
    assert not one["DATA"][:, ~present].any()


def require_group_equal(directory, policy, kind="driftscan", layout="single", **options) -> None:
    """Write a group, convert it both ways with the policy (or to CENTRE) and compare."""
    files = uvh5_files.write_group(directory, kind=kind, **options)
    profile = DSA.converting(input_phase=INPUTS[kind], spw_layout=layout, weight_spectrum=True)
    if policy == "named":
        centre = theirs = CENTRE
    else:
        profile, centre = profile.converting(phase_centre=policy), None
        theirs = {"midpoint": midpoint_centre, "meridian": lambda _: "meridian", "header": lambda _: None}[
            policy
        ](read_header(files[0]))
    convert_group(files, directory / "ours.ms", profile, phase_centre=centre)
    pyuvdata_writer.write(files, directory / "theirs.ms", theirs, layout)
    require_equal(directory / "ours.ms", directory / "theirs.ms")


LOST_TWO = [number for number in range(16) if number not in (0, 6)]


# without shrinking: every example writes two Measurement Sets
@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    antennas=st.integers(2, 5),
    integrations=st.integers(1, 4),
    channels=st.integers(2, 6),
    numbers=st.sets(st.integers(0, 15), min_size=1, max_size=3).map(sorted),
    polarizations=st.sampled_from([("xx",), ("xx", "yy"), ("yy", "xx"), ("xx", "yy", "xy", "yx")]),
    kind_policy=st.sampled_from(
        [
            *itertools.product(("driftscan", "unprojected"), ("named", "midpoint", "meridian")),
            *itertools.product(("sidereal",), ("header", "named")),
        ]
    ),
    layout=st.sampled_from(["single", "per-subband"]),
    descending=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_any_small_group_equals_pyuvdatas(tmp_path_factory, kind_policy, **options):
    kind, policy = kind_policy
    require_group_equal(tmp_path_factory.mktemp("group"), policy, kind, **options)


@pytest.mark.parametrize("policy", ["named", "midpoint", "meridian"])
@pytest.mark.parametrize("kind", ["driftscan", "unprojected"])
def test_each_phase_mode_equals_pyuvdatas(tmp_path, kind, policy):
    require_group_equal(tmp_path, policy, kind, numbers=range(2), antennas=6)


@pytest.mark.parametrize("layout", ["single", "per-subband"])
def test_a_group_of_14_subbands_equals_pyuvdatas_with_the_two_others_empty(tmp_path, layout):
    require_group_equal(tmp_path, "named", numbers=LOST_TWO, layout=layout, channels=2)
    shape = pyuvdata_writer.columns(tmp_path / "ours.ms")["DATA"].shape
    assert shape[1] == (32 if layout == "single" else 2)


def test_fringe_stopped_visibilities_are_bit_for_bit_the_files_with_a_meridian_an_integration(tmp_path):
    import h5py

    (path,) = uvh5_files.write_group(tmp_path, [3], channels=4)
    profile = DSA.converting(phase_centre="meridian", spw_layout="per-subband")
    report = convert_group([path], tmp_path / "a.ms", profile)
    with h5py.File(path) as file:
        stored = file["Data/visdata"][...]
    np.testing.assert_array_equal(
        pyuvdata_writer.columns(tmp_path / "a.ms")["DATA"], np.conj(stored[:, ::-1])
    )
    assert [field["name"] for field in report.fields] == [f"meridian_icrs_t{n}" for n in range(3)]


def test_the_real_vla_observation_equals_pyuvdatas_and_keeps_its_fields(tmp_path):
    files = write_ngc5921(tmp_path, subbands=3)
    report = convert_group(files, tmp_path / "ours.ms", VLA)
    assert [field["name"] for field in report.fields] == ["1331+30500002_0", "1445+09900002_0", "N5921_2"]
    assert (report.rows, report.channels, report.integrations) == (22653, 63, 60)
    pyuvdata_writer.write(files, tmp_path / "theirs.ms", None)
    require_equal(tmp_path / "ours.ms", tmp_path / "theirs.ms")


def test_receptors_of_circular_feeds_are_in_the_order_of_the_feed_table(tmp_path):
    # pyuvdata sorts them (L, R) in POLARIZATION while FEED says (R, L); importuvfits and we agree
    files = write_ngc5921(tmp_path, subbands=1)
    convert_group(files, tmp_path / "a.ms", VLA)
    products = pyuvdata_writer.columns(tmp_path / "a.ms", "POLARIZATION")["CORR_PRODUCT"][0]
    assert products.tolist() == [[0, 0], [1, 1]]


def test_mixed_antenna_order_becomes_one_order_as_pyuvdata_makes_it(tmp_path):
    made = uvh5_files.observation(channels=3, integrations=2, polarizations=("xx", "yy", "xy", "yx"), seed=4)
    rows = np.arange(made.Nblts) % 3 == 0
    made.ant_1_array[rows], made.ant_2_array[rows] = made.ant_2_array[rows], made.ant_1_array[rows].copy()
    path = uvh5_files.write(made, tmp_path / uvh5_files.name(0))
    convert_group([path], tmp_path / "ours.ms", DSA, phase_centre=CENTRE)
    pyuvdata_writer.write([path], tmp_path / "theirs.ms", CENTRE)
    require_equal(tmp_path / "ours.ms", tmp_path / "theirs.ms")


def test_pyuvdata_reads_our_set_back_to_the_input(tmp_path):
    """Round trip: what the files held, at the rounding of complex64, with lost channels flagged."""
    from pyuvdata import UVData

    files = uvh5_files.write_group(tmp_path, range(2), channels=3)
    convert_group(files, tmp_path / "a.ms", DSA.converting(weight_spectrum=True), phase_centre=CENTRE)
    before = pyuvdata_writer.read(files)
    pyuvdata_writer.to_one_centre(before, CENTRE)
    after = UVData()
    after.read(str(tmp_path / "a.ms"), file_type="ms", run_check=False, default_mount_type="alt-az")
    after.reorder_pols(order=np.argsort(after.polarization_array)[::-1], run_check=False)
    lost = after.Nfreqs - before.Nfreqs
    assert (lost, after.flag_array[:, :lost].all()) == (14 * 3, True)
    scale = np.abs(before.data_array).max()
    np.testing.assert_allclose(after.data_array[:, lost:], before.data_array, rtol=0, atol=DATA_RTOL * scale)
    np.testing.assert_array_equal(after.flag_array[:, lost:], before.flag_array)
    np.testing.assert_array_equal(after.nsample_array[:, lost:], before.nsample_array)
    np.testing.assert_allclose(after.freq_array[lost:], before.freq_array, rtol=1e-13)
    np.testing.assert_allclose(after.time_array, before.time_array, rtol=1e-15)
    np.testing.assert_allclose(after.uvw_array, before.uvw_array, rtol=0, atol=1e-8)
    np.testing.assert_array_equal(after.ant_1_array, before.ant_1_array)
    np.testing.assert_allclose(
        after.telescope.antenna_positions, before.telescope.antenna_positions, rtol=0, atol=1e-8
    )
    assert list(after.telescope.antenna_names) == list(before.telescope.antenna_names)
