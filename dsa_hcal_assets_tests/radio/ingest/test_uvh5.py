"""Headers: what is accepted, and a typed error for everything that is not."""

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.radio.ingest.errors import BadHeader, UnreadableSubband
from dsa_hcal_assets.radio.ingest.header import SubbandHeader, summarise
from dsa_hcal_assets.radio.ingest.uvh5 import read_header
from dsa_hcal_assets_tests.radio import uvh5_files


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    made = uvh5_files.observation(channels=3, integrations=2, antennas=3)
    return uvh5_files.write(made, tmp_path_factory.mktemp("uvh5") / uvh5_files.name(0))


@pytest.fixture
def broken(sound, tmp_path):
    path = tmp_path / sound.name
    path.write_bytes(sound.read_bytes())
    return path


def test_a_header_is_what_pyuvdata_wrote(sound):
    header = read_header(sound)
    made = uvh5_files.observation(channels=3, integrations=2, antennas=3)
    np.testing.assert_array_equal(header.times_jd, made.time_array)
    np.testing.assert_array_equal(header.frequencies_hz, made.freq_array)
    np.testing.assert_array_equal(header.antenna_positions_m, made.telescope.antenna_positions)
    assert (header.telescope_name, header.phase_kind) == ("DSA-110", "drift")
    assert header.drift_app_dec_rad == pytest.approx(np.radians(49.9), abs=1e-12)


def test_the_group_key_is_the_first_stamp_even_when_a_float_falls_just_short(sound):
    header = summarise(read_header(sound))
    assert header.group == "2025-06-05T20:37:07"
    from dataclasses import replace

    assert replace(header, first_jd=header.first_jd - 4e-9).group == "2025-06-05T20:37:07"
    assert SubbandHeader.from_json(header.as_json()) == header


def test_the_digest_sees_header_and_size_but_not_visibilities(broken, sound):
    with h5py.File(broken, "r+") as file:
        file["Data/visdata"][0] = 7
    assert read_header(broken).digest == read_header(sound).digest
    with h5py.File(broken, "r+") as file:
        file["Header/integration_time"][0] += 1
    assert read_header(broken).digest != read_header(sound).digest


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda f: f.__delitem__("Header/ant_1_array"), "no Header/ant_1_array"),
        (lambda f: f.__delitem__("Data/flags"), "no Data/flags"),
        (lambda f: f.__delitem__("Header"), "no Header"),
        (lambda f: f["Header/time_array"].__setitem__(0, np.nan), "time_array has values that are no time"),
        (lambda f: f["Header/time_array"].__setitem__(0, 0.0), "time_array has values that are no time"),
        (lambda f: f["Header/freq_array"].__setitem__(0, np.inf), "freq_array"),
        (lambda f: f["Header/integration_time"].__setitem__(0, -1), "integration_time"),
        (lambda f: f["Header/ant_2_array"].__setitem__(0, 999), "name antennas the header does not list"),
        (lambda f: f["Header/antenna_numbers"].__setitem__(0, 1), "antenna_numbers repeat"),
        (lambda f: f["Header/phase_center_id_array"].__setitem__(0, 5), "fields the catalogue does not list"),
        (lambda f: replace_dataset(f, "Header/ant_1_array", np.arange(3)), "ant_1_array has a wrong shape"),
        (lambda f: replace_dataset(f, "Header/uvw_array", np.zeros((12, 2))), "uvw_array has a wrong shape"),
        (
            lambda f: replace_dataset(f, "Data/visdata", np.zeros((12, 3, 3))),
            "Data/visdata has a wrong shape",
        ),
        (lambda f: replace_dataset(f, "Header/freq_array", b"high"), "Header/freq_array"),
        (lambda f: replace_dataset(f, "Header/latitude", np.arange(2.0)), "Header/latitude"),
        (lambda f: replace_dataset(f, "Header/phase_center_catalog/0/cat_type", b"ephem"), "'ephem'"),
        (lambda f: f.__delitem__("Header/phase_center_catalog/0/cat_name"), "cat_name"),
    ],
)
def test_a_wrong_header_is_a_typed_error_that_names_what(broken, change, complaint):
    with h5py.File(broken, "r+") as file:
        change(file)
    with pytest.raises(BadHeader, match=complaint):
        read_header(broken)


def replace_dataset(file: h5py.File, name: str, value: object) -> None:
    del file[name]
    file[name] = value


@pytest.mark.parametrize("content", [b"", b"no HDF5 at all", b"\x89HDF\r\n\x1a\n" + b"\0" * 200])
def test_what_is_not_hdf5_is_unreadable(tmp_path, content):
    path = tmp_path / uvh5_files.name(0)
    path.write_bytes(content)
    with pytest.raises(UnreadableSubband):
        read_header(path)


@settings(max_examples=20, deadline=None)
@given(share=st.floats(0.0, 0.999))
def test_truncation_anywhere_is_a_typed_error(sound, tmp_path_factory, share):
    whole = sound.read_bytes()
    path = tmp_path_factory.mktemp("cut") / sound.name
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UnreadableSubband):
        read_header(path)


def test_the_older_layout_with_a_window_axis_and_a_phase_type_is_read(broken):
    with h5py.File(broken, "r+") as file:
        del file["Header/phase_center_catalog"], file["Header/phase_center_id_array"]
        file["Header/phase_type"] = np.bytes_("drift")
        replace_dataset(file, "Header/channel_width", float(file["Header/channel_width"][0]))
        for name in ("freq_array",):
            replace_dataset(file, f"Header/{name}", file[f"Header/{name}"][()][None])
        for name in ("visdata", "flags", "nsamples"):
            replace_dataset(file, f"Data/{name}", file[f"Data/{name}"][()][:, None])
    header = read_header(broken)
    assert header.phase_kind == "drift"
    assert len(header.frequencies_hz) == len(header.channel_widths_hz) == 3
