"""Two writers, one result: which is taken, and that nobody downstream can tell by the tables."""

import h5py
import numpy as np
import pytest

from dsa_hcal_assets.radio.conversion.errors import NotDirect
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
from dsa_hcal_assets.radio.conversion.writers import write_group
from dsa_hcal_assets.radio.ingest.errors import BadHeader
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.simulation.vla import write_ngc5921
from dsa_hcal_assets_tests.radio import uvh5_files
from dsa_hcal_assets_tests.radio.conversion.pyuvdata_writer import columns

pytestmark = pytest.mark.radio
DSA, VLA = load_profiles()["dsa110"], load_profiles()["vla"]
CENTRE = PhaseCentre("3C147", 1.4948, 0.87008)
TABLES = ("ANTENNA", "FIELD", "SPECTRAL_WINDOW", "POLARIZATION", "DATA_DESCRIPTION", "OBSERVATION", "SOURCE")
# numbers that only connect FIELD with SOURCE, and columns that pyuvdata leaves at casacore's defaults
APART = {"SOURCE_ID", "TYPE", "FLAG_ROW", "REF_FREQUENCY", "NET_SIDEBAND", "CALIBRATION_GROUP"}


def both(tmp_path, files, profile, **options):
    """The two reports and sets, direct first."""
    found = []
    for writer in ("direct", "pyuvdata"):
        out = tmp_path / f"{writer}.ms"
        found.append((write_group(files, out, profile, writer=writer, **options), out))
    return found


def require_same(one, other):
    main, theirs = columns(one), columns(other)
    assert set(main) == set(theirs)
    for name, values in main.items():
        scale = np.abs(values).max() if values.dtype.kind in "fc" else 0
        if scale:
            np.testing.assert_allclose(values, theirs[name], rtol=3e-6, atol=3e-6 * scale, err_msg=name)
        else:
            np.testing.assert_array_equal(values, theirs[name], err_msg=name)
    for table in TABLES:
        ours, theirs = columns(one, table), columns(other, table)
        for name in (set(ours) & set(theirs)) - APART:
            if ours[name].dtype.kind == "f":
                np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-13, atol=1e-8, err_msg=name)
            else:
                np.testing.assert_array_equal(ours[name], theirs[name], err_msg=f"{table}.{name}")


@pytest.mark.parametrize("layout", ["single", "per-subband"])
@pytest.mark.parametrize("policy", ["midpoint", "meridian"])
def test_a_drift_scan_with_lost_subbands_is_the_same_from_both(tmp_path, layout, policy):
    files = uvh5_files.write_group(tmp_path, [1, 2, 5], channels=2, polarizations=("yy", "xx"))
    with h5py.File(files[1], "r+") as file:
        file["Data/visdata"][3, 1, 0] = complex(np.nan, 1)
    profile = DSA.converting(phase_centre=policy, spw_layout=layout)
    (ours, one), (theirs, other) = both(tmp_path, files, profile)
    require_same(one, other)
    measured = {"seconds", "total_seconds", "writer", "ms_bytes", "peak_rss_bytes", "started_at"}
    mine, other_report = ours.as_json(), theirs.as_json()
    assert {k: v for k, v in mine.items() if k not in measured} == {
        k: v for k, v in other_report.items() if k not in measured
    }
    assert (ours.writer, theirs.writer) == ("direct", "pyuvdata")


@pytest.mark.parametrize("to", [None, CENTRE], ids=["their own fields", "one centre"])
def test_the_real_vla_observation_is_the_same_from_both(tmp_path, to):
    files = write_ngc5921(tmp_path, subbands=1)
    (ours, one), (theirs, other) = both(
        tmp_path, files, VLA.converting(weight_spectrum=True), phase_centre=to
    )
    require_same(one, other)
    assert ours.fields == theirs.fields


def of_two_frames(path):
    """Give a phased file a second field, in FK5, for its last rows."""
    with h5py.File(path, "r+") as file:
        catalogue = file["Header/phase_center_catalog"]
        catalogue.copy("0", "1")
        for key, value in (("cat_name", np.bytes_("second")), ("cat_frame", np.bytes_("fk5"))):
            del catalogue[f"1/{key}"]
            catalogue[f"1/{key}"] = value
        file["Header/phase_center_id_array"][-3:] = 1
    return path


def test_auto_takes_pyuvdata_for_fields_of_two_frames_and_direct_for_all_else(tmp_path):
    (path,) = uvh5_files.write_group(tmp_path, [0], channels=2, kind="sidereal")
    profile = DSA.converting(input_phase="phased", phase_centre="header")
    assert write_group([path], tmp_path / "a.ms", profile).writer == "direct"
    of_two_frames(path)
    with pytest.raises(NotDirect, match="frames of phase centres"):
        write_group([path], tmp_path / "b.ms", profile, writer="direct")
    assert not (tmp_path / "b.ms").exists()
    assert write_group([path], tmp_path / "b.ms", profile).writer == "pyuvdata"
    assert columns(tmp_path / "b.ms", "FIELD")["NAME"].tolist() == ["tracked", "second"]
    with h5py.File(path, "r+") as file:
        file["Header/phase_center_catalog/1/cat_epoch"][...] = 1975.0
    with pytest.raises(BadHeader, match="pyuvdata cannot write"):
        write_group([path], tmp_path / "c.ms", profile)
    # phased to one centre there is only one frame left
    assert write_group([path], tmp_path / "d.ms", profile, phase_centre=CENTRE).writer == "direct"


@pytest.mark.parametrize("writer", ["direct", "pyuvdata"])
def test_the_report_measures_what_was_written(tmp_path, writer):
    files = uvh5_files.write_group(tmp_path, range(2), channels=2)
    report = write_group(files, tmp_path / "a.ms", DSA.converting(scratch_columns=True), writer=writer)
    sizes = [path.stat().st_size for path in (tmp_path / "a.ms").rglob("*") if path.is_file()]
    assert report.ms_bytes == sum(sizes)
    assert report.missing_channels == 14 * 2
    assert {"load", "phase", "write", "scratch_columns"} < set(report.seconds)
    assert report.total_seconds > report.seconds["write"] > 0
    assert report.peak_rss_bytes > 50e6
    history = columns(tmp_path / "a.ms", "HISTORY")
    parameters = " ".join(np.ravel(history["APP_PARAMS"]))
    assert all(item.sha256 in parameters for item in report.inputs)
