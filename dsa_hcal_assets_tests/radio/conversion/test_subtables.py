"""The tables of a Measurement Set hold the header's facts, in the units and frames CASA reads."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
from dsa_hcal_assets.radio.conversion.plan import Plan, make_plan
from dsa_hcal_assets.radio.conversion.rows import mjd_seconds
from dsa_hcal_assets.radio.conversion.schema import create_main_table
from dsa_hcal_assets.radio.conversion.subtables import HistoryEntry, write_subtables
from dsa_hcal_assets.radio.ingest.errors import BadHeader
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets_tests.radio.conversion import headers
from dsa_hcal_assets_tests.radio.conversion.headers import LL, LR, RL, RR, SITE, WIDTH_HZ, XX, XY, YX, YY
from dsa_hcal_assets_tests.radio.conversion.pyuvdata_writer import columns

pytestmark = pytest.mark.radio
DSA, VLA = load_profiles()["dsa110"], load_profiles()["vla"]
CENTRE = PhaseCentre("3C147", 1.4948, 0.87)
NUMBERS = np.array([5, 0, 2])


def tables(path: Path, plan: Plan, profile=DSA, history=()) -> Path:
    create_main_table(path, 4, len(plan.stokes), 1, weight_spectrum=False).close()
    write_subtables(path, plan, profile, history, now_mjd=60000.25)
    return path


def gappy_header():
    """Three antennas whose numbers are neither in order nor without gaps."""
    made = headers.header(antennas=3, integrations=1, antenna_names=("A6", "A1", "A3"))
    return replace(made, antenna_numbers=NUMBERS, ant1=NUMBERS[made.ant1], ant2=NUMBERS[made.ant2])


@pytest.fixture(scope="module")
def ms(tmp_path_factory) -> Path:
    """A drift scan of three subbands, a window each."""
    group = headers.group(3, antennas=4, channels=2, observer="someone")
    plan = make_plan(group, DSA, phase_centre=CENTRE, layout="per-subband")
    history = [HistoryEntry("first"), HistoryEntry("input sb00.hdf5", "sha256=00 bytes=1")]
    return tables(tmp_path_factory.mktemp("ms") / "a.ms", plan, history=history)


@pytest.fixture
def write(tmp_path: Path):
    """Write the tables of one header."""

    def of(header, profile=DSA, centre: PhaseCentre | None = CENTRE) -> Path:
        return tables(tmp_path / "a.ms", make_plan([header], profile, phase_centre=centre), profile)

    return of


def units(ms: Path, table: str, column: str) -> list[str]:
    from casacore import tables as casa

    with casa.table(str(ms / table) if table else str(ms), ack=False) as opened:
        return list(opened.getcolkeyword(column, "QuantumUnits"))


def frame(ms: Path, table: str, column: str) -> str:
    from casacore import tables as casa

    with casa.table(str(ms / table) if table else str(ms), ack=False) as opened:
        return str(opened.getcolkeyword(column, "MEASINFO")["Ref"])


# ------------------------------------------------------------------------------ antennas and feeds


def test_antennas_are_named_placed_and_sized(ms):
    found, header = columns(ms, "ANTENNA"), headers.header(antennas=4)
    assert found["NAME"].tolist() == found["STATION"].tolist() == ["1", "2", "3", "4"]
    np.testing.assert_allclose(found["POSITION"], header.antenna_positions_m + SITE.itrf_m(), atol=1e-6)
    assert set(found["MOUNT"]) == {"ALT-AZ"}
    assert set(found["TYPE"]) == {"GROUND-BASED"}
    assert set(found["DISH_DIAMETER"]) == {4.65}
    assert not found["OFFSET"].any()
    assert not found["FLAG_ROW"].any()


def test_positions_are_itrf_metres(ms):
    assert units(ms, "ANTENNA", "POSITION") == ["m", "m", "m"]
    assert frame(ms, "ANTENNA", "POSITION") == "ITRF"
    # 6370 km from the middle of the Earth at this latitude and height
    radii = np.linalg.norm(columns(ms, "ANTENNA")["POSITION"], axis=1)
    assert np.all(np.abs(radii - 6.371e6) < 2e4)


def test_the_row_is_the_number_and_rows_without_antenna_are_flagged(write):
    found = columns(write(gappy_header()), "ANTENNA")
    assert found["NAME"].tolist() == ["A1", "", "A3", "", "", "A6"]
    assert found["FLAG_ROW"].tolist() == [False, True, False, True, True, False]
    header = gappy_header()
    np.testing.assert_allclose(
        found["POSITION"][NUMBERS], header.antenna_positions_m + SITE.itrf_m(), atol=1e-6
    )


def test_diameters_of_the_header_come_before_the_profiles(write):
    header = headers.header(antenna_diameters_m=np.array([4.0, 5.0, 6.0, 7.0]))
    assert columns(write(header), "ANTENNA")["DISH_DIAMETER"].tolist() == [4, 5, 6, 7]


@pytest.mark.parametrize("value", [np.nan, 0.0, -1.0])
def test_a_diameter_that_is_none_is_the_profiles(write, value):
    header = headers.header(antenna_diameters_m=np.array([value, 5.0, 6.0, 7.0]))
    assert columns(write(header), "ANTENNA")["DISH_DIAMETER"].tolist() == [4.65, 5, 6, 7]


def test_feeds_are_linear_orthogonal_and_valid_always(ms):
    found = columns(ms, "FEED")
    assert found["ANTENNA_ID"].tolist() == [0, 1, 2, 3]
    assert found["NUM_RECEPTORS"].tolist() == [2] * 4
    assert found["POLARIZATION_TYPE"].ravel().tolist() == ["X", "Y"] * 4
    np.testing.assert_array_equal(found["POL_RESPONSE"], np.tile(np.eye(2), (4, 1, 1)))
    assert set(found["SPECTRAL_WINDOW_ID"]) == {-1}
    assert found["INTERVAL"].min() > 1e300


@pytest.mark.parametrize(
    ("codes", "types", "products", "receptors"),
    [
        ((XX, YY), [9, 12], [[0, 0], [1, 1]], ["X", "Y"]),
        ((YY,), [12], [[1, 1]], ["X", "Y"]),
        ((XX, YY, XY, YX), [9, 10, 11, 12], [[0, 0], [0, 1], [1, 0], [1, 1]], ["X", "Y"]),
        ((LL, RR), [5, 8], [[0, 0], [1, 1]], ["R", "L"]),
        ((RR, LL, RL, LR), [5, 6, 7, 8], [[0, 0], [0, 1], [1, 0], [1, 1]], ["R", "L"]),
        ((1,), [1], [[0, 0]], ["X", "Y"]),
    ],
)
def test_correlations_name_their_receptors(write, codes, types, products, receptors):
    ms = write(headers.header(polarizations=codes))
    found = columns(ms, "POLARIZATION")
    assert found["CORR_TYPE"].tolist() == [types]
    assert found["CORR_PRODUCT"].tolist() == [products]
    assert found["NUM_CORR"].tolist() == [len(codes)]
    assert columns(ms, "FEED")["POLARIZATION_TYPE"].ravel()[:2].tolist() == receptors


# ------------------------------------------------------------------------------ fields and windows


def test_the_field_and_its_source_are_the_centre_in_icrs(ms):
    field, source = columns(ms, "FIELD"), columns(ms, "SOURCE")
    for name in ("PHASE_DIR", "DELAY_DIR", "REFERENCE_DIR"):
        assert field[name].ravel().tolist() == [1.4948, 0.87]
        assert frame(ms, "FIELD", name) == "ICRS"
        assert units(ms, "FIELD", name) == ["rad", "rad"]
    assert field["NAME"].tolist() == source["NAME"].tolist() == ["3C147"]
    assert field["SOURCE_ID"].tolist() == source["SOURCE_ID"].tolist() == [0]
    assert field["NUM_POLY"].tolist() == [0]
    assert source["DIRECTION"].tolist() == [[1.4948, 0.87]]
    assert frame(ms, "SOURCE", "DIRECTION") == "ICRS"
    middle = np.median(mjd_seconds(headers.header(antennas=4).times_jd))
    assert field["TIME"].tolist() == [middle]


@pytest.mark.parametrize(
    ("given", "casa"), [(("icrs", 2000.0), "ICRS"), (("fk5", 2000.0), "J2000"), (("fk4", 1950.0), "B1950")]
)
def test_fields_of_phased_data_keep_names_identifiers_and_frame(write, given, casa):
    fields = tuple(
        headers.sidereal(number, f"field {number}", lon=0.1 * number, frame=given[0], epoch=given[1])
        for number in (2, 4)
    )
    header = headers.header(fields=fields, drift_app_dec_rad=None)
    header = replace(header, field_ids=np.where(header.ant1 == 0, 2, 4))
    ms = write(header, VLA, None)
    found = columns(ms, "FIELD")
    assert found["NAME"].tolist() == ["field 2", "field 4"]
    assert found["SOURCE_ID"].tolist() == [2, 4]
    np.testing.assert_array_equal(found["PHASE_DIR"][:, 0, 0], [0.2, 0.4])
    assert frame(ms, "FIELD", "PHASE_DIR") == frame(ms, "SOURCE", "DIRECTION") == casa


@pytest.mark.parametrize(
    "fields",
    [
        (headers.sidereal(frame="galactic"),),
        (headers.sidereal(frame="fk5", epoch=1975.0),),
        (headers.sidereal(0), headers.sidereal(1, frame="fk5")),
    ],
)
def test_frames_casa_cannot_say_are_refused(write, fields):
    with pytest.raises(BadHeader, match="frames of phase centres"):
        write(headers.header(fields=fields, drift_app_dec_rad=None), VLA, None)


def test_windows_ascend_with_the_headers_frequencies(ms):
    found, group = columns(ms, "SPECTRAL_WINDOW"), headers.group(3, channels=2)
    assert found["NUM_CHAN"].tolist() == [2, 2, 2]
    np.testing.assert_array_equal(found["CHAN_FREQ"], [sorted(h.frequencies_hz) for h in reversed(group)])
    for name in ("CHAN_WIDTH", "EFFECTIVE_BW", "RESOLUTION"):
        assert set(found[name].ravel()) == {WIDTH_HZ}
        assert units(ms, "SPECTRAL_WINDOW", name) == ["Hz"]
    assert found["TOTAL_BANDWIDTH"].tolist() == [2 * WIDTH_HZ] * 3
    assert found["REF_FREQUENCY"].tolist() == found["CHAN_FREQ"][:, 0].tolist()
    assert found["NET_SIDEBAND"].tolist() == [1] * 3
    # casacore MFrequency: 5 is TOPO
    assert found["MEAS_FREQ_REF"].tolist() == [5] * 3
    pairs = columns(ms, "DATA_DESCRIPTION")
    assert (pairs["SPECTRAL_WINDOW_ID"].tolist(), pairs["POLARIZATION_ID"].tolist()) == ([0, 1, 2], [0] * 3)


# ------------------------------------------------------------------------------ the rest


def test_the_observation_spans_the_integrations_from_edge_to_edge(ms):
    found, times = columns(ms, "OBSERVATION"), mjd_seconds(headers.header().times_jd)
    half = headers.INTEGRATION_S / 2
    np.testing.assert_allclose(found["TIME_RANGE"], [[times.min() - half, times.max() + half]], atol=1e-4)
    assert frame(ms, "OBSERVATION", "TIME_RANGE") == "UTC"
    np.testing.assert_allclose(found["TELESCOPE_LOCATION"], [SITE.itrf_m()])
    # the name casacore's Observatories table knows
    assert found["TELESCOPE_NAME"].tolist() == ["OVRO_MMA"]
    assert found["OBSERVER"].tolist() == ["someone"]


def test_without_an_observer_the_telescope_is_named(write):
    assert columns(write(headers.header()), "OBSERVATION")["OBSERVER"].tolist() == ["DSA-110"]


def test_history_keeps_messages_parameters_and_the_time(ms):
    found = columns(ms, "HISTORY")
    assert found["MESSAGE"].tolist() == ["first", "input sb00.hdf5"]
    assert np.ravel(found["APP_PARAMS"]).tolist() == ["", "sha256=00 bytes=1"]
    assert found["TIME"].tolist() == [60000.25 * 86400] * 2
    assert set(found["APPLICATION"]) == {"dsa_hcal_assets"}


def test_every_table_a_row_points_to_has_that_row(ms):
    for table in ("STATE", "PROCESSOR", "OBSERVATION", "DATA_DESCRIPTION", "FIELD", "SPECTRAL_WINDOW"):
        assert len(next(iter(columns(ms, table).values()))) >= 1, table
    assert columns(ms, "STATE")["SIG"].tolist() == [True]
    assert columns(ms, "PROCESSOR")["TYPE"].tolist() == ["CORRELATOR"]


def test_the_main_table_counts_time_in_utc_seconds_and_uvw_in_metres(ms):
    for name in ("TIME", "TIME_CENTROID"):
        assert (units(ms, "", name), frame(ms, "", name)) == (["s"], "UTC")
    assert units(ms, "", "UVW") == ["m", "m", "m"]
    assert units(ms, "", "INTERVAL") == units(ms, "", "EXPOSURE") == ["s"]


@pytest.mark.parametrize("spectrum", [True, False])
def test_the_main_table_has_weight_spectrum_only_when_asked(tmp_path, spectrum):
    table = create_main_table(tmp_path / "a.ms", 4, 2, 7, weight_spectrum=spectrum)
    assert ("WEIGHT_SPECTRUM" in table.colnames()) is spectrum
    assert table.nrows() == 7
    assert table.getkeyword("MS_VERSION") == 2.0
    table.close()


@pytest.mark.parametrize(("channels", "correlations"), [(1, 1), (768, 2), (4, 4), (200_000, 4)])
def test_a_tile_of_visibilities_is_about_a_mebibyte_and_never_empty(tmp_path, channels, correlations):
    table = create_main_table(tmp_path / "a.ms", channels, correlations, 1, weight_spectrum=False)
    managers = table.getdminfo()
    table.close()
    (tile,) = [m["SPEC"]["DEFAULTTILESHAPE"] for m in managers.values() if m["NAME"] == "TiledData"]
    rows = int(tile[2])
    assert tile[:2].tolist() == [correlations, channels]
    assert rows >= 1
    assert rows == 1 or 0.5 * 2**20 <= rows * channels * correlations * 8 <= 2**20
