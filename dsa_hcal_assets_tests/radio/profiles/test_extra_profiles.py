"""A directory of an operator's own profiles: complete, strict, and nothing but files."""

import re
import tomllib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.conversion.job import convert
from dsa_hcal_assets.radio.conversion.plan import make_plan
from dsa_hcal_assets.radio.profiles.loading import load_profiles, match, profile_named, read_profile
from dsa_hcal_assets.radio.profiles.model import Profile, Subbands
from dsa_hcal_assets.radio.profiles.stations import read_stations
from dsa_hcal_assets_tests.radio.conversion import headers

SHIPPED = files("dsa_hcal_assets.radio.profiles")
# a telescope nobody wrote code for: 4 files a group, ascending, phased, stations of its own
ATA = """
name = "ata"
telescope_names = ["ATA", "Allen Telescope Array"]
casa_name = "ATA"
beam_name = "ATA"
dish_diameter_m = 6.1
sefd_jy = 8000.0

[subbands]
count = 4
order = "ascending"
name_pattern = 'ata_(?P<stamp>\\d+)_(?P<index>\\d+)\\.uvh5'
band_hz = [1.0e9, 1.4e9]

[stations]
file = "ata_stations.csv"
source = "made up for this test"
name_prefix = "A"
antenna_number_offset = 0
default_elevation_m = 1008.0

[conversion]
input_phase = "phased"
phase_centre = "header"
spw_layout = "per-subband"

[flagging]

[calibration]
selection = "field"

[imaging]
imsize = 512
cell_arcsec = 5.0
"""
PROFILES = load_profiles()
STATIONS = (
    "n,station,latitude,longitude,elevation\n,A1,40.8178,-121.4690,1019\n,A2,40.8180,-121.4695,\n,note,,,\n"
)


@pytest.fixture
def ata(tmp_path: Path) -> Path:
    (tmp_path / "ata.toml").write_text(ATA)
    (tmp_path / "ata_stations.csv").write_text(STATIONS)
    return tmp_path


def values(section: dict, at: str = "") -> dict[str, object]:
    """All values of a profile by dotted name, but for presets, whose names are free."""
    found: dict[str, object] = {}
    for key, value in section.items():
        if isinstance(value, dict):
            found |= values(value, f"{at}{key}.") if key != "presets" else {}
        else:
            found[f"{at}{key}"] = value
    return found


KEYS = list(values(tomllib.loads((SHIPPED / "dsa110.toml").read_text())))


def test_a_telescope_is_added_by_two_files(ata):
    profiles = load_profiles(ata)
    assert set(profiles) == {"ata", "dsa110", "vla"}
    profile = match(profiles, "allen telescope array")
    assert (profile.name, profile.dish_diameter_m, profile.subbands.count) == ("ata", 6.1, 4)
    stations = read_stations(profile.stations)
    assert sorted(stations) == [1, 2]
    # 0.0002 deg of latitude (22 m), 0.0005 deg of longitude (42 m), 11 m of height
    assert np.linalg.norm(stations[1].itrf_m - stations[2].itrf_m) == pytest.approx(49, abs=1)
    assert stations[2].elevation_m == 1008.0


def test_and_its_data_are_planned_by_its_rules(ata):
    group = [
        headers.header(
            subband=number, fields=(headers.sidereal(),), telescope_name="ATA", drift_app_dec_rad=None
        )
        for number in range(3)
    ]
    plan = make_plan(group, profile_named("ata", ata))
    assert len(plan.windows) == 3
    assert [field.name for field in plan.fields] == ["tracked"]


def test_its_subbands_ascend_and_are_named_its_own_way(ata):
    subbands = load_profiles(ata)["ata"].subbands
    assert [subbands.index_of_frequency(hz) for hz in (1.05e9, 1.15e9, 1.25e9, 1.35e9)] == [0, 1, 2, 3]
    assert subbands.index_of_name("ata_123_2.uvh5") == 2
    assert subbands.index_of_name("2025-06-05T12:00:00_sb02.hdf5") is None


def test_a_profile_may_replace_a_shipped_one(tmp_path):
    text = (SHIPPED / "vla.toml").read_text().replace("dish_diameter_m = 25.0", "dish_diameter_m = 24.0")
    (tmp_path / "mine.toml").write_text(text)
    assert load_profiles(tmp_path)["vla"].dish_diameter_m == 24.0
    assert load_profiles()["vla"].dish_diameter_m == 25.0


def test_two_files_cannot_be_one_profile(ata):
    (ata / "copy.toml").write_text(ATA)
    with pytest.raises(ConfigurationError, match=r"copy\.toml: another file of .* is profile ata"):
        load_profiles(ata)


def test_a_station_file_that_is_nowhere_is_named(ata):
    (ata / "ata_stations.csv").unlink()
    with pytest.raises(ConfigurationError, match=r"ata_stations\.csv"):
        read_stations(load_profiles(ata)["ata"].stations)


@pytest.mark.parametrize("row", [",A3,north,-121.4,1000", ",A3,40.8,,1000", ",A3,40.8,-121.4,high"])
def test_a_station_row_that_cannot_be_read_is_named(ata, row):
    (ata / "ata_stations.csv").write_text(STATIONS + row + "\n")
    with pytest.raises(ConfigurationError, match=r"ata_stations\.csv: row A3"):
        read_stations(load_profiles(ata)["ata"].stations)


@pytest.mark.parametrize("content", [b"\xff\xfe not text", None], ids=["bytes", "directory"])
def test_a_profile_that_is_no_text_is_named(tmp_path, content):
    path = tmp_path / "mine.toml"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"mine\.toml cannot be read"):
        load_profiles(tmp_path)


def test_other_files_beside_the_profiles_are_left_alone(ata):
    (ata / "README.md").write_text("about")
    (ata / "old.toml.bak").write_text("no = toml = at all")
    assert "ata" in load_profiles(ata)


def complaint(folder: Path, key: str, change: Callable[[str, str], str]) -> str:
    """Return what is said of the shipped profile with one line changed: `change(name, value)`."""
    section, _, name = key.rpartition(".")
    text = (SHIPPED / "dsa110.toml").read_text()
    start = text.index(f"\n[{section}]\n") + 1 if section else 0
    line = re.compile(rf"^{name} = (.*)$", re.MULTILINE).search(text, start)
    assert line is not None
    (folder / "mine.toml").write_text(text[: line.start()] + change(name, line[1]) + text[line.end() :])
    with pytest.raises(ConfigurationError) as caught:
        load_profiles(folder)
    return str(caught.value)


@pytest.mark.parametrize("key", KEYS)
def test_a_value_of_another_type_names_file_and_key(tmp_path, key):
    said = complaint(tmp_path, key, lambda name, _: f"{name} = {{ made = 'up' }}")
    assert said.startswith(f"profile mine.toml: {key} is not valid")


@pytest.mark.parametrize("key", KEYS)
def test_a_misspelled_key_names_file_and_key(tmp_path, key):
    said = complaint(tmp_path, key, lambda name, value: f"{name}_ = {value}")
    assert re.match(rf"profile mine\.toml: {re.escape(key)}_? is not valid", said)


@pytest.mark.parametrize("pattern", ["(?P<stamp>x", "*", "(?P<stamp>.)(?P<stamp>.)"])
def test_a_pattern_that_is_no_regular_expression_is_a_wrong_value(pattern):
    with pytest.raises(ValidationError, match="not a regular expression"):
        Subbands(count=1, order="ascending", name_pattern=pattern)


def test_an_index_that_is_no_number_is_no_subband():
    subbands = Subbands(count=1, order="ascending", name_pattern=r"(?P<stamp>\d+)_(?P<index>.*)\.hdf5")
    assert subbands.index_of_name("1_07.hdf5") == 7
    for name in ("1_.hdf5", "1_ab.hdf5", "1_-1.hdf5", "1_².hdf5"):
        assert subbands.index_of_name(name) is None


@given(st.text(max_size=60))
def test_no_name_breaks_the_look_at_the_incoming_directory(name):
    for profile in PROFILES.values():
        index = profile.subbands.index_of_name(name)
        assert index is None or 0 <= index <= 99


def test_every_shipped_profile_survives_the_json_of_a_worker_call():
    for profile in PROFILES.values():
        assert Profile.model_validate(profile.model_dump(mode="json")) == profile


def test_a_profile_cannot_be_changed_by_the_way():
    with pytest.raises(ValidationError, match="frozen"):
        PROFILES["vla"].dish_diameter_m = 1.0
    assert read_profile(SHIPPED / "vla.toml") == PROFILES["vla"]


def test_an_unknown_profile_is_a_typed_error_that_lists_the_known(tmp_path):
    with pytest.raises(ConfigurationError, match=r"no profile 'ata'.*dsa110, vla"):
        profile_named("ata")
    with pytest.raises(ConfigurationError, match="no profile 'ata'"):
        convert([], str(tmp_path / "a.ms"), "ata")
