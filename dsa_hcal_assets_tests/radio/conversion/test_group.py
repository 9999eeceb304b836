"""A group's conversion as a whole: its phase centre, its report, and what is refused."""

import os

import h5py
import numpy as np
import pytest

from dsa_hcal_assets.errors import PermanentError
from dsa_hcal_assets.radio.conversion import visibilities
from dsa_hcal_assets.radio.conversion.checksums import sha256_of
from dsa_hcal_assets.radio.conversion.errors import NoEarthOrientation, SubbandChanged, UnsuitablePhase
from dsa_hcal_assets.radio.conversion.group import ConversionReport, convert_group
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre, midpoint_centre
from dsa_hcal_assets.radio.ingest.errors import InconsistentGroup, UnreadableSubband
from dsa_hcal_assets.radio.ingest.uvh5 import read_header
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets_tests.radio import uvh5_files
from dsa_hcal_assets_tests.radio.conversion import pyuvdata_writer

pytestmark = pytest.mark.radio
DSA = load_profiles()["dsa110"]
CENTRE = PhaseCentre("3C147", 1.4948, 0.87008)


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


def test_a_file_cut_short_while_it_is_read_is_a_typed_error_of_that_file(tmp_path, monkeypatch):
    files = uvh5_files.write_group(tmp_path, range(2), channels=4, antennas=5, integrations=4)
    with h5py.File(files[1], "r") as file:
        start = file["Data/visdata"].id.get_chunk_info(0).byte_offset
    opened = visibilities.GroupReader.__enter__

    def open_and_cut(reader):
        result = opened(reader)
        os.truncate(files[1], start + 100)
        return result

    monkeypatch.setattr(visibilities.GroupReader, "__enter__", open_and_cut)
    with pytest.raises(UnreadableSubband, match=f"{files[1].name}.*\n*.*truncated"):
        convert_group(files, tmp_path / "a.ms", DSA, phase_centre=CENTRE)


def test_a_file_written_to_while_it_is_converted_may_be_tried_again(tmp_path):
    files = uvh5_files.write_group(tmp_path, range(2))

    def meddle(done, total):
        os.utime(files[0], ns=(1, 1))

    with pytest.raises(SubbandChanged, match=files[0].name):
        convert_group(files, tmp_path / "a.ms", DSA, phase_centre=CENTRE, progress=meddle)


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
        assert item.sha256 == sha256_of(tmp_path / item.name)
        assert item.sha256 in parameters


def test_the_report_survives_json_and_progress_reaches_the_end(tmp_path):
    files = uvh5_files.write_group(tmp_path, range(2))
    seen: list[tuple[int, int]] = []
    report = convert_group(
        files, tmp_path / "a.ms", DSA, progress=lambda done, total: seen.append((done, total))
    )
    assert ConversionReport.from_json(report.as_json()) == report
    assert seen[-1][0] == seen[-1][1] > 0
    assert set(report.seconds) == {
        *("hash", "headers", "plan", "import", "load", "phase", "write", "subtables")
    }


def test_an_existing_output_and_no_input_are_refused(tmp_path):
    with pytest.raises(PermanentError, match="no subband"):
        convert_group([], tmp_path / "a.ms", DSA)
    (path,) = uvh5_files.write_group(tmp_path, [0])
    (tmp_path / "a.ms").mkdir()
    with pytest.raises(PermanentError, match="exists"):
        convert_group([path], tmp_path / "a.ms", DSA)
