"""MODEL_DATA and CORRECTED_DATA as CASA would make them, for any windows and correlations."""

import numpy as np
import pytest

from dsa_hcal_assets.radio.conversion import scratch_columns
from dsa_hcal_assets.radio.conversion.scratch_columns import add_scratch_columns
from dsa_hcal_assets_tests.radio.conversion import known_set
from dsa_hcal_assets_tests.radio.conversion.pyuvdata_writer import columns

pytestmark = pytest.mark.radio
# casacore Stokes codes
XX, XY, YX, YY, RR, LL, STOKES_I, STOKES_V = 9, 10, 11, 12, 5, 8, 1, 4


def written(path, stokes, **options):
    """A known set of two correlations, called `stokes`, with its scratch columns."""
    from casacore import tables

    known_set.write(path, **options)
    with tables.table(str(path / "POLARIZATION"), readonly=False, ack=False) as table:
        if not table.nrows():
            table.addrows(1)
        table.putcell("CORR_TYPE", 0, np.array(stokes, np.int32))
    add_scratch_columns(path)
    return columns(path)


@pytest.mark.parametrize(
    ("stokes", "model"),
    [
        ((XX, YY), (1, 1)),
        ((RR, LL), (1, 1)),
        ((XX, XY), (1, 0)),
        ((YX, YY), (0, 1)),
        ((STOKES_I, STOKES_V), (1, 0)),
    ],
)
def test_the_model_is_a_source_of_1_jy_without_polarisation(tmp_path, stokes, model):
    found = written(tmp_path / "a.ms", stokes)
    assert np.all(found["MODEL_DATA"] == np.array(model))


def test_corrected_data_equal_data_in_every_window_whatever_is_copied_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch_columns, "COPY_BYTES", 5 * known_set.CHANNELS * 2 * 8)
    found = written(tmp_path / "a.ms", (XX, YY), windows=3)
    assert np.any(found["DATA"])
    np.testing.assert_array_equal(found["CORRECTED_DATA"], found["DATA"])


def test_both_columns_are_stored_as_data_are(tmp_path):
    from casacore import tables

    written(tmp_path / "a.ms", (XX, YY))
    with tables.table(str(tmp_path / "a.ms"), ack=False) as main:
        managers = {one["COLUMNS"][0]: one for one in main.getdminfo().values()}
        units = {name: main.getcoldesc(name)["valueType"] for name in ("MODEL_DATA", "CORRECTED_DATA")}
    for name in ("MODEL_DATA", "CORRECTED_DATA"):
        assert managers[name]["TYPE"] == managers["DATA"]["TYPE"]
        assert managers[name]["SPEC"]["DEFAULTTILESHAPE"].tolist() == (
            managers["DATA"]["SPEC"]["DEFAULTTILESHAPE"].tolist()
        )
    assert set(units.values()) == {"complex"}
