"""The real observation: the way over UVH5 and our writer ends where CASA's importuvfits ends."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.conversion.group import convert_group
from dsa_hcal_assets.radio.ingest.header import summarise
from dsa_hcal_assets.radio.ingest.scan import subband_number
from dsa_hcal_assets.radio.ingest.uvh5 import read_header
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.simulation.vla import STAMP, ngc5921_uvfits, write_ngc5921
from dsa_hcal_assets_tests.radio.conversion import pyuvdata_writer

VLA = load_profiles()["vla"]
# CASA runs in a process of its own, as everywhere in the platform
IMPORT = """
import sys
from dsa_hcal_assets.workers import casa
casa.configure()
from casatasks import importuvfits
importuvfits(fitsfile=sys.argv[1], vis=sys.argv[2])
"""
# leap seconds on 13 April 1995 (IERS Bulletin C)
TAI_MINUS_UTC = 29.0


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_ngc5921(tmp_path_factory.mktemp("vla"))


def test_seven_subbands_descend_and_keep_three_fields(files):
    headers = [summarise(read_header(path)) for path in files]
    assert [
        subband_number(path.name, header, VLA) for path, header in zip(files, headers, strict=True)
    ] == list(range(7))
    assert np.all(np.diff([header.mean_hz for header in headers]) < 0)
    assert {header.group for header in headers} == {STAMP}
    assert headers[0].field_names == ("1331+30500002_0", "1445+09900002_0", "N5921_2")


def test_records_of_the_galaxy_are_a_minute_long(files):
    """As their distance, weight and noise say: half the variance of the calibrators' 30 s."""
    from pyuvdata import UVData

    data = UVData.from_file(files[3], file_type="uvh5", run_check=False)
    (number,) = (key for key, one in data.phase_center_catalog.items() if one["cat_name"] == "N5921_2")
    galaxy = data.phase_center_id_array == number
    for rows, seconds in ((galaxy, 60), (~galaxy, 30)):
        assert set(data.integration_time[rows]) == {seconds}
        assert np.diff(np.unique(data.time_array[rows])).min() * 86400 == pytest.approx(seconds, abs=0.01)
    assert np.median(data.nsample_array[galaxy]) == 2 * np.median(data.nsample_array[~galaxy])


def test_the_same_bytes_every_time(files, tmp_path):
    for one, other in zip(files, write_ngc5921(tmp_path), strict=True):
        assert hashlib.sha256(one.read_bytes()).digest() == hashlib.sha256(other.read_bytes()).digest()


def test_subbands_have_to_divide_the_channels(tmp_path):
    with pytest.raises(ConfigurationError, match="divisor of 63"):
        write_ngc5921(tmp_path, subbands=4)


@pytest.mark.radio
def test_data_equal_those_of_importuvfits(files, tmp_path):
    convert_group(files, tmp_path / "ours.ms", VLA)
    command = [sys.executable, "-c", IMPORT, str(ngc5921_uvfits()), str(tmp_path / "casa.ms")]
    subprocess.run(command, check=True, timeout=240, capture_output=True, cwd=tmp_path)
    ours, casas = (pyuvdata_writer.columns(tmp_path / name) for name in ("ours.ms", "casa.ms"))
    for name in ("DATA", "UVW", "FLAG", "FIELD_ID"):
        np.testing.assert_array_equal(ours[name], casas[name], err_msg=name)
    # the file states 30 s for the galaxy's records too
    galaxy = ours["FIELD_ID"] == 2
    np.testing.assert_array_equal(ours["INTERVAL"], np.where(galaxy, 2, 1) * casas["INTERVAL"])
    # CASA keeps the file's TAI stamps and says so in the column's frame; ours are UTC
    np.testing.assert_allclose(casas["TIME"] - ours["TIME"], TAI_MINUS_UTC, atol=1e-4)
    # CASA numbers antennas from 0 without the absent one, and sums weights over channels
    names = [
        pyuvdata_writer.columns(tmp_path / name, "ANTENNA")["STATION"] for name in ("ours.ms", "casa.ms")
    ]
    for column in ("ANTENNA1", "ANTENNA2"):
        np.testing.assert_array_equal(names[0][ours[column]], names[1][casas[column]])
    np.testing.assert_allclose(63 * ours["WEIGHT"], casas["WEIGHT"])
    one, other = (pyuvdata_writer.columns(tmp_path / name, "FIELD") for name in ("ours.ms", "casa.ms"))
    np.testing.assert_allclose(np.angle(np.exp(1j * (one["PHASE_DIR"] - other["PHASE_DIR"]))), 0, atol=1e-12)
