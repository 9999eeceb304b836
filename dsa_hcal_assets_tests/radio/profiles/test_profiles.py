"""Profiles are strict, name file and key when wrong, and a new telescope needs no code."""

import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.profiles.loading import UnknownTelescope, load_profiles, match
from dsa_hcal_assets.radio.profiles.model import StationFile
from dsa_hcal_assets.radio.profiles.stations import read_stations

DSA_TOML = (files("dsa_hcal_assets.radio.profiles") / "dsa110.toml").read_text()
DSA = load_profiles()["dsa110"]


def other(name: str = "ata", telescope: str = "ATA") -> str:
    text = DSA_TOML.replace('name = "dsa110"', f'name = "{name}"', 1)
    return re.sub(r"telescope_names = \[.*\]", f'telescope_names = ["{telescope}"]', text)


def test_shipped_profiles_are_found_by_names_in_headers():
    profiles = load_profiles()
    assert match(profiles, "DSA-110") is profiles["dsa110"]
    assert match(profiles, "ovro_mma") is profiles["dsa110"]
    assert match(profiles, "VLA") is profiles["vla"]


def test_an_unknown_telescope_is_a_typed_error_that_lists_the_known():
    with pytest.raises(UnknownTelescope, match="EVLA"):
        match(load_profiles(), "Arecibo")


def test_a_new_telescope_is_a_new_file(tmp_path):
    (tmp_path / "ata.toml").write_text(other())
    profiles = load_profiles(tmp_path)
    assert match(profiles, "ATA").name == "ata"
    assert set(profiles) == {"ata", "dsa110", "vla"}


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("dish_diameter_m = 4.65", "dish_diameter_m = -1", "dish_diameter_m"),
        ("dish_diameter_m = 4.65", "dish_diametre_m = 4.65", "dish_diametre_m|dish_diameter_m"),
        ("count = 16", 'count = "many"', "subbands.count"),
        ("(?P<index>", "(?P<number>", "subbands.name_pattern"),
        ("band_hz = [1311.25e6, 1498.75e6]", "band_hz = [2e9, 1e9]", "subbands"),
        ('spw_layout = "single"', 'spw_layout = "both"', "conversion.spw_layout"),
        ("count = 16", "count = ", "not TOML"),
    ],
)
def test_a_mistake_names_file_and_key(tmp_path, old, new, complaint):
    assert old in DSA_TOML
    (tmp_path / "mine.toml").write_text(other().replace(old, new, 1))
    with pytest.raises(ConfigurationError, match=rf"mine\.toml.*({complaint})"):
        load_profiles(tmp_path)


def test_two_profiles_cannot_claim_one_telescope(tmp_path):
    (tmp_path / "mine.toml").write_text(other("mine", "dsa-110"))
    with pytest.raises(ConfigurationError, match="claimed by"):
        load_profiles(tmp_path)


def test_a_missing_directory_is_an_error(tmp_path):
    with pytest.raises(ConfigurationError, match="does not exist"):
        load_profiles(tmp_path / "none")


@given(st.integers(0, 15), st.floats(0.001, 0.999))
def test_a_frequency_inside_a_subband_names_it_and_so_does_its_file(number, inside):
    low, high = DSA.subbands.band_hz
    width = (high - low) / 16
    assert DSA.subbands.index_of_frequency(high - (number + inside) * width) == number
    assert DSA.subbands.index_of_name(f"2025-06-05T12:00:00_sb{number:02d}.hdf5") == number


@pytest.mark.parametrize(
    "name", ["notes.txt", ".2025-06-05T12:00:00_sb00.hdf5.part", "sb00.hdf5", "a/../b_sb00.hdf5"]
)
def test_other_names_are_no_subbands(name):
    assert DSA.subbands.index_of_name(name) is None


def test_station_positions_give_the_published_baselines():
    stations = read_stations(DSA.stations)
    assert len(stations) == 117
    # longest of all slots and of the equipped ones, shortest pitch (design dossier)
    assert np.linalg.norm(stations[108].itrf_m - stations[117].itrf_m) == pytest.approx(2707.19, abs=0.01)
    assert np.linalg.norm(stations[108].itrf_m - stations[116].itrf_m) == pytest.approx(2601.63, abs=0.01)
    assert np.linalg.norm(stations[37].itrf_m - stations[38].itrf_m) == pytest.approx(5.751, abs=0.001)


def test_geodetic_to_itrf_agrees_with_astropy():
    from astropy import units
    from astropy.coordinates import EarthLocation

    for station in list(read_stations(DSA.stations).values())[::20]:
        place = EarthLocation.from_geodetic(
            lon=station.longitude_deg * units.deg,
            lat=station.latitude_deg * units.deg,
            height=station.elevation_m * units.m,
        )
        np.testing.assert_allclose(
            station.itrf_m, [axis.to_value("m") for axis in place.geocentric], atol=1e-6
        )


def test_a_station_table_that_is_missing_or_empty_is_an_error():
    fields = DSA.stations.model_dump()
    with pytest.raises(ConfigurationError, match="not beside"):
        read_stations(StationFile(**{**fields, "file": "none.csv"}))
    with pytest.raises(ConfigurationError, match="no station"):
        read_stations(StationFile(**{**fields, "name_prefix": "X-"}))


def test_the_packaged_coordinates_are_plain_text():
    path = Path(str(files("dsa_hcal_assets.radio.profiles") / DSA.stations.file))
    assert path.read_bytes().isascii()
