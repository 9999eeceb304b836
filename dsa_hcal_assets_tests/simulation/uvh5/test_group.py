"""The simulated group looks like the correlator's, repeats, and holds the truth it states."""

import json
import warnings
from dataclasses import replace

import h5py
import numpy as np
import pytest

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.conversion.group import convert_group
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
from dsa_hcal_assets.radio.ingest.header import summarise
from dsa_hcal_assets.radio.ingest.scan import subband_number
from dsa_hcal_assets.radio.ingest.uvh5 import read_header
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.radio.profiles.stations import read_stations
from dsa_hcal_assets.simulation.uvh5.array import INACTIVE, choose_antennas
from dsa_hcal_assets.simulation.uvh5.group import GroupSetup, simulate_group, simulate_groups
from dsa_hcal_assets.simulation.uvh5.sky import CALIBRATORS, airy_power

DSA = load_profiles()["dsa110"]
SETUP = GroupSetup(antennas=6, channels=4, integrations=6, seed=3)


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory):
    return simulate_group(tmp_path_factory.mktemp("group"), DSA, SETUP)


@pytest.fixture(scope="module")
def headers(group):
    return [read_header(path) for path in group.files]


def test_names_wander_while_header_times_agree(group, headers):
    assert len({path.name[:19] for path in group.files}) > 5
    assert {summarise(header).group for header in headers} == {group.key}
    assert group.key.endswith(group.files[0].name[11:19])


def test_the_files_are_the_telescopes(headers):
    first = headers[0]
    assert [subband_number(h.path.name, summarise(h), DSA) for h in headers] == list(range(16))
    assert np.all(np.diff(first.frequencies_hz) < 0)
    assert first.frequencies_hz[0] < 1498.75e6 < first.frequencies_hz[0] + first.channel_widths_hz[0]
    with h5py.File(first.path) as file:
        assert file["Header/uvw_array"].dtype == np.float32
    stations = read_stations(DSA.stations)
    assert len(first.antenna_numbers) == len(stations) == 117
    assert first.phase_kind == "drift"


def test_the_calibrator_crosses_the_meridian_in_the_middle(headers):
    from pyuvdata.utils import phasing
    from pyuvdata.utils.times import get_lst_for_time

    from dsa_hcal_assets.radio.conversion.geometry import Site, earth_orientation

    middle = np.array([0.5 * (headers[0].times_jd.min() + headers[0].times_jd.max())])
    source, location = CALIBRATORS["3C147"], Site.of(headers[0]).location()
    with earth_orientation(middle):
        lst = get_lst_for_time(jd_array=middle, telescope_loc=location)
        ra, dec = phasing.calc_app_coords(
            lon_coord=np.radians(source.ra_deg),
            lat_coord=np.radians(source.dec_deg),
            coord_frame="icrs",
            coord_epoch=2000.0,
            time_array=middle,
            lst_array=lst,
            telescope_loc=location,
        )
    assert abs(np.angle(np.exp(1j * (ra - lst)))[0]) < np.radians(1.0 * 15 / 3600)  # 1 s: stamps are whole
    assert abs(np.degrees(dec[0] - headers[0].drift_app_dec_rad)) <= 0.05


def test_the_same_setup_repeats_and_a_subband_left_out_changes_no_other(group, tmp_path):
    again = simulate_group(tmp_path, DSA, SETUP, subbands=[5])
    assert [path.name for path in again.files] == [group.files[5].name]
    with h5py.File(group.files[5]) as one, h5py.File(again.files[0]) as other:
        np.testing.assert_array_equal(one["Data/visdata"][()], other["Data/visdata"][()])
    assert len(list(tmp_path.glob("*.hdf5"))) == 1


def test_files_appear_whole_one_after_the_other(tmp_path):
    seen = []

    def look(done: int, wanted: int) -> None:
        seen.append((done, wanted))
        files = sorted(tmp_path.glob("*.hdf5"))
        assert len(files) == done
        assert all(summarise(read_header(path)).channels == 1 for path in files)

    setup = replace(SETUP, channels=1, antennas=4)
    simulate_groups(tmp_path, DSA, setup, groups=range(2), subbands=[2, 7], progress=look)
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_both_forms_are_the_same_sky_once_pyuvdata_has_phased_them(tmp_path):
    """Fringe-stopped and unprojected files, read and phased to the calibrator by pyuvdata."""
    from pyuvdata import UVData

    source, read = CALIBRATORS["3C147"], {}
    for form in ("drift", "zenith"):
        (tmp_path / form).mkdir()
        setup = replace(SETUP, phase=form, noise=False)
        group = simulate_group(tmp_path / form, DSA, setup, subbands=[0])
        one = UVData()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one.read(str(group.files[0]), file_type="uvh5", run_check=False)
            assert one.phase_center_catalog[0]["cat_type"] == {"drift": "driftscan"}.get(form, "unprojected")
            # the float32 of the file are good for a millimetre only
            one.set_uvws_from_antenna_positions(update_vis=False)
            position = {"lon": np.radians(source.ra_deg), "lat": np.radians(source.dec_deg)}
            one.phase(**position, phase_frame="icrs", cat_name="3C147")
        read[form] = one
    np.testing.assert_allclose(read["drift"].uvw_array, read["zenith"].uvw_array, atol=1e-6)
    scale = np.abs(read["drift"].data_array).max()
    np.testing.assert_allclose(read["drift"].data_array, read["zenith"].data_array, atol=1e-5 * scale, rtol=0)


@pytest.mark.radio
@pytest.mark.parametrize(("form", "input_phase"), [("drift", "meridian"), ("zenith", "zenith")])
def test_with_the_true_gains_taken_out_the_calibrator_is_a_point_of_its_flux(tmp_path, form, input_phase):
    """Simulator (pyuvdata's geometry) and converter (ours) meet: phases 0, amplitude S x beam."""
    from casacore import tables

    quiet = replace(SETUP, noise=False, phase=form)
    group = simulate_group(tmp_path, DSA, quiet)
    truth = json.loads(group.truth.read_text())
    arrays = np.load(group.truth.with_suffix(".npz"))
    source = CALIBRATORS["3C147"]
    centre = PhaseCentre("3C147", np.radians(source.ra_deg), np.radians(source.dec_deg))
    conversion = DSA.conversion.model_copy(update={"input_phase": input_phase})
    profile = DSA.model_copy(update={"conversion": conversion})
    convert_group(group.files, tmp_path / "a.ms", profile, phase_centre=centre)
    with tables.table(str(tmp_path / "a.ms"), ack=False) as main:
        data, first, second, times = (main.getcol(n) for n in ("DATA", "ANTENNA1", "ANTENNA2", "TIME"))
    stations = arrays["stations"]
    one, two = np.searchsorted(stations - 1, first), np.searchsorted(stations - 1, second)
    when = np.searchsorted(np.unique(times), times)
    # CASA's convention is the conjugate; channels ascend in the Measurement Set
    gains = np.conj(arrays["gains"]).transpose(0, 2, 1)[:, ::-1]
    drift = np.conj(arrays["drift"])[:, :, None]
    product = gains[one] * np.conj(gains[two]) * drift[when, one] * np.conj(drift[when, two])
    sky = (data / product)[one != two]
    frequencies = arrays["frequencies_hz"][::-1]
    offset = np.radians(abs(source.dec_deg + 0.02 - truth["declination_deg"]))
    expected = source.flux_jy(frequencies) * airy_power(np.array([offset]), frequencies, 4.65)[0]
    # the weaker sources average away over baselines and channels, not wholly
    assert np.abs(np.angle(sky.mean())) < np.radians(1.5)
    assert sky.real.mean() == pytest.approx(expected.mean(), rel=0.03)
    # single values differ from the point by what the other sources add (2.5 Jy after the beam)
    assert np.abs(sky - expected[None, :, None]).max() < 4.0


def test_fluxes_are_those_of_the_scale_casa_ships():
    """casadata's table of Perley-Butler 2017 coefficients; its last row is the epoch of the paper."""
    from pathlib import Path

    import casadata
    from casacore import tables

    folder = Path(casadata.__file__).parent / "__data__" / "nrao" / "VLA" / "standards"
    with tables.table(str(folder / "PerleyButler2017Coeffs"), ack=False) as coefficients:
        for name, source in CALIBRATORS.items():
            theirs = coefficients.getcell(f"{name}_coeffs", coefficients.nrows() - 1)
            np.testing.assert_allclose(source.spectrum, theirs[: len(source.spectrum)], atol=1e-4)


def test_the_beam_has_the_width_of_a_uniform_dish():
    half = np.radians(2.715 / 2)
    assert airy_power(np.array([half]), np.array([1.4e9]), 4.65)[0, 0] == pytest.approx(0.5, abs=0.002)
    assert airy_power(np.array([0.0]), np.array([1.4e9]), 4.65)[0, 0] == 1.0


def test_antennas_are_active_slots_with_outriggers():
    stations = read_stations(DSA.stations)
    for count in (4, 20, 96):
        chosen = choose_antennas(stations, count)
        assert len(chosen) == len(set(chosen)) == count
        assert not INACTIVE & set(chosen)
        assert sum(number >= 103 for number in chosen) >= 2


def test_beyond_the_active_antennas_inactive_slots_are_equipped():
    stations = read_stations(DSA.stations)
    assert set(stations) - set(choose_antennas(stations, 97)) == INACTIVE - {10}
    assert choose_antennas(stations, 117) == sorted(stations)


@pytest.mark.parametrize("count", [3, 118])
def test_more_antennas_than_stations_or_fewer_than_close_a_triangle_twice_are_refused(count):
    with pytest.raises(ConfigurationError, match="4 to 117"):
        choose_antennas(read_stations(DSA.stations), count)


def test_a_telescope_without_a_station_table_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="vla has no stations"):
        simulate_group(tmp_path, load_profiles()["vla"])


def test_an_unknown_calibrator_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="3C999"):
        simulate_group(tmp_path, DSA, GroupSetup(calibrator="3C999"))
