"""Payload files: what is written is read back, and in the form reconstruction's own reader expects."""

import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import uproot
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dsa_hcal_assets.hcal.conditions import files
from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter
from dsa_hcal_assets.hcal.conditions.files import COLUMNS, BadPayload, Facts
from dsa_hcal_assets.hcal.conditions.intervals import Interval

NOON = datetime(2025, 6, 5, 12, tzinfo=UTC)
FACTS = Facts.of(Calorimeter.IHCAL, Interval(NOON, NOON + timedelta(hours=12, microseconds=1)), 17)


def rows(count: int = 3) -> pd.DataFrame:
    numbers = np.arange(count)
    frame = pd.DataFrame({name: numbers + place for place, name in enumerate(COLUMNS)}).astype(COLUMNS)
    frame["tower_key"] = (numbers + (5 << 16)).astype("int32")
    frame.loc[0, ["temperature", "gain_error"]] = np.nan
    return frame


@settings(max_examples=20)
@given(arrays.arrays(np.float32, 5, elements=st.floats(width=32)))
def test_every_number_comes_back_bit_for_bit(values: np.ndarray) -> None:
    towers = rows(5).assign(temperature=values)
    with tempfile.TemporaryDirectory() as place:
        root, parquet = Path(place, "a.root"), Path(place, "a.parquet")
        files.write_root(root, towers, FACTS)
        files.write_parquet(parquet, towers, FACTS)
        for read, facts in (files.read_root(root), files.read_parquet(parquet)):
            assert facts == FACTS
            pd.testing.assert_frame_equal(read, towers)


def test_the_root_file_has_the_trees_and_branches_of_a_cdbttree(tmp_path: Path) -> None:
    files.write_root(tmp_path / "a.root", rows(), FACTS)
    with uproot.open(tmp_path / "a.root") as file:
        assert file.classnames() == {"Multiple;1": "TTree", "Single;1": "TTree"}
        multiple, single = file["Multiple"], file["Single"]
        assert multiple["IID"].array(library="np").tolist() == rows()["tower_key"].tolist()
        # CDBTTree tells types by the leaf and strips the first letter of the name
        kinds = {"I": "int32_t", "F": "float", "D": "double"}
        for tree in (multiple, single):
            assert {name: kinds[name[0]] for name in tree.keys()} == tree.typenames()  # noqa: SIM118
        assert "Fgain" in multiple
        assert single["Dvalid_from"].array(library="np").tolist() == [NOON.timestamp()]
        assert single.num_entries == 1


def test_equal_contents_are_equal_parquet_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        files.write_parquet(tmp_path / name, rows(), FACTS)
    files.write_parquet(tmp_path / "c", rows(), replace(FACTS, correction_set=18))
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c


def test_missing_numbers_are_nan_and_never_null(tmp_path: Path) -> None:
    files.write_parquet(tmp_path / "a", rows(), FACTS)
    column = pq.read_table(tmp_path / "a")["temperature"]
    assert column.null_count == 0
    assert np.isnan(column[0].as_py())


def test_a_file_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.root").write_bytes(b"other")
    with pytest.raises(OSError, match="exists"):
        files.write_root(tmp_path / "a.root", rows(), FACTS)
    assert (tmp_path / "a.root").read_bytes() == b"other"


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"nonsense" * 100)
    with uproot.create(tmp_path / "other.root") as file:
        file.mktree("Multiple", {"IID": "i4"})
    rows().to_parquet(tmp_path / "other.parquet")
    for read, name in (
        (files.read_root, "a"),
        (files.read_parquet, "a"),
        (files.read_root, "other.root"),
        (files.read_parquet, "other.parquet"),
    ):
        with pytest.raises(BadPayload, match="no conditions payload"):
            read(tmp_path / name)


def test_names_of_files_say_detector_and_first_moment() -> None:
    assert FACTS.stem == "IHCal_20250605T120000Z"
    assert Facts.of(Calorimeter.EMCAL, Interval(NOON, NOON), None).correction_set == files.UNCORRECTED
