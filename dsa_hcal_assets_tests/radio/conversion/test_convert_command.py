"""`dsa-hcal convert` and `simulate uvh5` as a user calls them."""

import pytest
from click.testing import CliRunner

from dsa_hcal_assets.cli.convert import convert
from dsa_hcal_assets.cli.simulate_uvh5 import simulate_uvh5
from dsa_hcal_assets.errors import ConfigurationError, PermanentError
from dsa_hcal_assets.radio.ingest.errors import UnreadableSubband
from dsa_hcal_assets_tests.radio import uvh5_files
from dsa_hcal_assets_tests.radio.conversion import pyuvdata_writer


def run(*arguments: object):
    return CliRunner().invoke(convert, [str(argument) for argument in arguments])


@pytest.mark.radio
def test_a_group_is_converted_to_the_centre_asked_for(tmp_path):
    files = uvh5_files.write_group(tmp_path, range(2), channels=2)
    result = run(*files, "--out", tmp_path / "a.ms", "--phase-centre", "3C147,85.5,49.5")
    assert result.exit_code == 0, result.output
    assert "fields 3C147" in result.output
    direction = pyuvdata_writer.columns(tmp_path / "a.ms", "FIELD")["PHASE_DIR"].ravel()
    assert direction.tolist() == pytest.approx([1.4922565, 0.8639380], abs=1e-6)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.radio
def test_nothing_is_left_when_a_file_cannot_be_used(tmp_path):
    (good,) = uvh5_files.write_group(tmp_path, [0], channels=2)
    bad = tmp_path / uvh5_files.name(1)
    bad.write_bytes(good.read_bytes()[:3000])
    result = run(good, bad, "--out", tmp_path / "a.ms")
    assert isinstance(result.exception, UnreadableSubband)
    assert sorted(path.name for path in tmp_path.iterdir()) == [good.name, bad.name]


def test_mistakes_are_named(tmp_path):
    (path,) = uvh5_files.write_group(tmp_path, [0], channels=2)
    for centre in ("here", "3C147,85,91", ",85,49", "3C147,nan,49"):
        wrong = run(path, "--out", tmp_path / "a.ms", "--phase-centre", centre)
        assert "NAME,RA,DEC" in wrong.output
        assert wrong.exit_code == 2
    wrong = run(path, "--out", tmp_path / "a.ms", "--profile", "ata")
    assert isinstance(wrong.exception, ConfigurationError)
    assert isinstance(run(path, "--out", tmp_path / "no" / "a.ms").exception, PermanentError)
    (tmp_path / "a.ms").mkdir()
    assert isinstance(run(path, "--out", tmp_path / "a.ms").exception, PermanentError)
    assert sorted(one.name for one in tmp_path.iterdir()) == [path.name, "a.ms"]


@pytest.mark.radio
@pytest.mark.parametrize("writer", ["direct", "pyuvdata"])
def test_every_choice_reaches_the_measurement_set(tmp_path, writer):
    files = uvh5_files.write_group(tmp_path, range(2), channels=2, integrations=5)
    options = ["--layout", "per-subband", "--writer", writer, "--weight-spectrum", "--scratch-columns"]
    result = run(*files, "--out", tmp_path / "a.ms", "--phase-centre", "meridian", *options)
    assert result.exit_code == 0, result.output
    assert "fields meridian_icrs_t0 to meridian_icrs_t4 (5)" in result.output
    assert f"writer {writer}" in result.output
    assert {"MODEL_DATA", "CORRECTED_DATA", "WEIGHT_SPECTRUM"} < set(
        pyuvdata_writer.columns(tmp_path / "a.ms")
    )
    assert len(pyuvdata_writer.columns(tmp_path / "a.ms", "SPECTRAL_WINDOW")["NAME"]) == 2


@pytest.mark.radio
def test_settings_count_where_no_option_is_given(tmp_path, monkeypatch):
    files = uvh5_files.write_group(tmp_path, range(2), channels=2)
    monkeypatch.setenv("DSA_HCAL_RADIO__SPW_LAYOUT", "per-subband")
    monkeypatch.setenv("DSA_HCAL_RADIO__PHASE_CENTRE", "meridian")
    monkeypatch.setenv("DSA_HCAL_RADIO__WRITER", "pyuvdata")
    result = run(*files, "--out", tmp_path / "a.ms", "--layout", "single", "--phase-centre", "midpoint")
    assert "1 windows, 32 channels (28 of lost subbands), fields meridian;" in result.output
    assert "writer pyuvdata" in result.output


def test_a_simulated_group_can_lack_a_subband(tmp_path):
    arguments = ["--out", str(tmp_path / "in"), "--antennas", "4", "--channels", "1", "--leave-out", "3"]
    result = CliRunner().invoke(simulate_uvh5, arguments)
    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "in").glob("*.hdf5"))) == 15
    assert not list((tmp_path / "in").glob("*_sb03.hdf5"))
