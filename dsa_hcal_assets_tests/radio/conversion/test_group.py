"""The converter against pyuvdata's own writer, over small shapes and on the real VLA observation."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.errors import PermanentError
from dsa_hcal_assets.radio.conversion import visibilities
from dsa_hcal_assets.radio.conversion.errors import NoEarthOrientation, UnsuitablePhase
from dsa_hcal_assets.radio.conversion.group import ConversionReport, convert_group
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre, midpoint_centre
from dsa_hcal_assets.radio.ingest.errors import InconsistentGroup, UnreadableSubband
from dsa_hcal_assets.radio.ingest.uvh5 import read_header
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.simulation.vla import write_ngc5921
from dsa_hcal_assets_tests.radio import uvh5_files
from dsa_hcal_assets_tests.radio.conversion import pyuvdata_writer

pytestmark = pytest.mark.radio
DSA, VLA = load_profiles()["dsa110"], load_profiles()["vla"]
CENTRE = PhaseCentre("3C147", 1.4948, 0.87008)
# complex64 keeps 24 bits; phases of 1e3 wavelengths are reduced in float64 on both sides
DATA_RTOL = 3e-6


def require_equal(ours: Path, theirs: Path) -> None:
    """Everything issue and design name: DATA, UVW, TIME, FLAG, WEIGHT and the subtables."""
    one, other = pyuvdata_writer.columns(ours), pyuvdata_writer.columns(theirs)
    for name in ("ANTENNA1", "ANTENNA2", "FIELD_ID", "DATA_DESC_ID", "SCAN_NUMBER"):
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    for name in ("TIME", "TIME_CENTROID", "INTERVAL", "EXPOSURE", "UVW"):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-14, atol=1e-8, err_msg=name)
    if "DATA" in one:
        np.testing.assert_array_equal(one["FLAG"], other["FLAG"])
        # of one window pyuvdata 3.2 forgets to bring WEIGHT and SIGMA into CASA's order of correlations
        np.testing.assert_array_equal(one["WEIGHT"], np.median(other["WEIGHT_SPECTRUM"], axis=1))
        weighted = one["WEIGHT"] > 0
        np.testing.assert_allclose(one["SIGMA"][weighted], one["WEIGHT"][weighted] ** -0.5, rtol=1e-6)
        scale = np.abs(other["DATA"]).max()
        np.testing.assert_allclose(one["DATA"], other["DATA"], rtol=DATA_RTOL, atol=DATA_RTOL * scale)
    same = {
        "ANTENNA": ["NAME", "STATION", "POSITION", "DISH_DIAMETER", "OFFSET"],
        "FIELD": ["NAME", "PHASE_DIR", "REFERENCE_DIR", "DELAY_DIR", "NUM_POLY", "TIME"],
        "SPECTRAL_WINDOW": [
            "CHAN_FREQ",
            "CHAN_WIDTH",
            "RESOLUTION",
            "EFFECTIVE_BW",
            "NUM_CHAN",
            "NAME",
            "MEAS_FREQ_REF",
        ],
        "POLARIZATION": ["CORR_TYPE", "NUM_CORR"],
        "DATA_DESCRIPTION": ["SPECTRAL_WINDOW_ID", "POLARIZATION_ID"],
        "OBSERVATION": ["TELESCOPE_LOCATION"],
    }
    for table, names in same.items():
        one, other = pyuvdata_writer.columns(ours, table), pyuvdata_writer.columns(theirs, table)
        for name in names:
            if one[name].dtype.kind == "f":
                np.testing.assert_allclose(
                    one[name], other[name], rtol=1e-13, atol=1e-9, err_msg=f"{table}.{name}"
                )
            else:
                np.testing.assert_array_equal(one[name], other[name], err_msg=f"{table}.{name}")


# without shrinking: every example writes two Measurement Sets
@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    antennas=st.integers(2, 5),
    integrations=st.integers(1, 4),
    channels=st.integers(2, 6),
    numbers=st.integers(0, 15).flatmap(
        lambda low: st.integers(low, min(15, low + 2)).map(lambda up: range(low, up + 1))
    ),
    polarizations=st.sampled_from([("xx",), ("xx", "yy"), ("yy", "xx"), ("xx", "yy", "xy", "yx")]),
    kind=st.sampled_from(["driftscan", "unprojected"]),
    layout=st.sampled_from(["single", "per-subband"]),
    descending=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_a_drift_scan_equals_pyuvdatas(
    tmp_path_factory, antennas, integrations, channels, numbers, polarizations, kind, layout, descending, seed
):
    directory = tmp_path_factory.mktemp("drift")
    files = uvh5_files.write_group(
        directory,
        numbers,
        antennas=antennas,
        integrations=integrations,
        channels=channels,
        polarizations=polarizations,
        kind=kind,
        descending=descending,
        seed=seed,
    )
    convert_group(files, directory / "ours.ms", DSA, phase_centre=CENTRE, layout=layout)
    pyuvdata_writer.write(files, directory / "theirs.ms", CENTRE, layout)
    require_equal(directory / "ours.ms", directory / "theirs.ms")


def test_the_midpoint_is_the_meridian_at_mid_time(tmp_path):
    files = uvh5_files.write_group(tmp_path, range(2), channels=2, integrations=3, declination_deg=49.9)
    report = convert_group(files, tmp_path / "a.ms", DSA)
    centre = midpoint_centre(read_header(files[0]))
    assert report.fields[0]["ra_rad"] == centre.ra_rad
    # the meridian's centre has the pointing's declination in apparent coordinates and w = 0 there
    uvw = pyuvdata_writer.columns(tmp_path / "a.ms")["UVW"]
    assert np.abs(np.linalg.norm(uvw, axis=1)).max() > 10
    assert abs(np.degrees(centre.dec_rad) - 49.9) < 0.2


def test_memory_blocks_do_not_change_the_result(tmp_path, monkeypatch):
    files = uvh5_files.write_group(tmp_path, range(2), channels=3, integrations=4)
    convert_group(files, tmp_path / "whole.ms", DSA, phase_centre=CENTRE)
    monkeypatch.setattr(visibilities.GroupReader, "block_rows", lambda self: 7)
    convert_group(files, tmp_path / "pieces.ms", DSA, phase_centre=CENTRE)
    whole, pieces = (pyuvdata_writer.columns(tmp_path / name) for name in ("whole.ms", "pieces.ms"))
    for name, values in whole.items():
        np.testing.assert_array_equal(values, pieces[name], err_msg=name)


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


def test_values_that_are_not_finite_are_zeroed_flagged_and_counted(tmp_path):
    (path,) = uvh5_files.write_group(tmp_path, [0], channels=2)
    with h5py.File(path, "r+") as file:
        file["Data/visdata"][3, 1, 0] = complex(np.nan, 1)
        file["Data/visdata"][4, 0, 1] = complex(np.inf, 0)
    report = convert_group([path], tmp_path / "a.ms", DSA, phase_centre=CENTRE)
    columns = pyuvdata_writer.columns(tmp_path / "a.ms")
    assert report.not_finite == 2
    assert np.isfinite(columns["DATA"]).all()
    assert columns["FLAG"][3, 0, 0]
    assert columns["FLAG"][4, 1, 1]


def test_a_missing_subband_is_named_in_one_window_and_accepted_in_many(tmp_path):
    files = uvh5_files.write_group(tmp_path, [0, 1, 3], channels=2)
    with pytest.raises(InconsistentGroup, match=r"a gap of 2\.0 channels"):
        convert_group(files, tmp_path / "a.ms", DSA, phase_centre=CENTRE)
    assert not (tmp_path / "a.ms").exists()
    assert (
        convert_group(files, tmp_path / "b.ms", DSA, phase_centre=CENTRE, layout="per-subband").windows == 3
    )


def test_subbands_of_different_groups_are_refused(tmp_path):
    one = uvh5_files.write(uvh5_files.observation(subband=0), tmp_path / uvh5_files.name(0))
    other = uvh5_files.observation(subband=1, integrations=2)
    two = uvh5_files.write(other, tmp_path / uvh5_files.name(1))
    with pytest.raises(InconsistentGroup, match="differ in times"):
        convert_group([one, two], tmp_path / "a.ms", DSA)


def test_the_same_subband_twice_is_refused(tmp_path):
    (path,) = uvh5_files.write_group(tmp_path, [0])
    again = tmp_path / "again.hdf5"
    again.write_bytes(path.read_bytes())
    with pytest.raises(InconsistentGroup, match="overlap"):
        convert_group([path, again], tmp_path / "a.ms", DSA)


def test_damage_in_the_visibilities_is_a_typed_error_of_that_file(tmp_path):
    files = uvh5_files.write_group(tmp_path, range(2), channels=4, antennas=5, integrations=4)
    with h5py.File(files[1], "r") as file:
        start = file["Data/flags"].id.get_chunk_info(0).byte_offset
    with files[1].open("r+b") as raw:
        raw.seek(start)
        raw.write(b"\xff" * 64)
    with pytest.raises(UnreadableSubband, match=files[1].name):
        convert_group(files, tmp_path / "a.ms", DSA, phase_centre=CENTRE)


def test_phase_type_and_profile_have_to_agree(tmp_path):
    (path,) = uvh5_files.write_group(tmp_path, [0], kind="sidereal")
    with pytest.raises(UnsuitablePhase, match="phase type does not suit profile dsa110"):
        convert_group([path], tmp_path / "a.ms", DSA)


def test_a_date_beyond_the_iers_table_is_refused_with_a_remedy(tmp_path):
    from datetime import UTC, datetime

    (path,) = uvh5_files.write_group(tmp_path, [0])
    late = uvh5_files.START.replace(year=2060)
    with h5py.File(path, "r+") as file:
        shift = (late - uvh5_files.START).total_seconds() / 86400
        file["Header/time_array"][...] += shift
    assert datetime.now(UTC) < late
    with pytest.raises(NoEarthOrientation, match="astropy-iers-data"):
        convert_group([path], tmp_path / "a.ms", DSA, phase_centre=CENTRE)


def test_history_names_software_and_every_input_with_its_checksum(tmp_path):
    files = uvh5_files.write_group(tmp_path, range(2))
    report = convert_group(files, tmp_path / "a.ms", DSA, phase_centre=CENTRE)
    history = pyuvdata_writer.columns(tmp_path / "a.ms", "HISTORY")
    assert "dsa_hcal_assets" in history["MESSAGE"][0]
    parameters = " ".join(np.ravel(history["APP_PARAMS"]))
    for item in report.inputs:
        assert item.sha256 == visibilities.sha256_of(tmp_path / item.name)
        assert item.sha256 in parameters


def test_the_report_survives_json_and_progress_reaches_the_end(tmp_path):
    files = uvh5_files.write_group(tmp_path, range(2))
    seen: list[tuple[int, int]] = []
    report = convert_group(
        files, tmp_path / "a.ms", DSA, progress=lambda done, total: seen.append((done, total))
    )
    assert ConversionReport.from_json(report.as_json()) == report
    assert seen[-1][0] == seen[-1][1] > 0
    assert set(report.seconds) == {"hash", "headers", "phase", "import", "visibilities", "subtables"}


def test_an_existing_output_and_no_input_are_refused(tmp_path):
    with pytest.raises(PermanentError, match="no subband"):
        convert_group([], tmp_path / "a.ms", DSA)
    (path,) = uvh5_files.write_group(tmp_path, [0])
    (tmp_path / "a.ms").mkdir()
    with pytest.raises(PermanentError, match="exists"):
        convert_group([path], tmp_path / "a.ms", DSA)
