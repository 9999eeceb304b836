"""What is particular to each format: contents survive, and readers of their own kind read them."""

import subprocess
import sys

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot
from hypothesis import given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.daq.messages.frame import FrameDamaged
from dsa_hcal_assets.daq.stores.csv import CsvSink
from dsa_hcal_assets.daq.stores.interface import Unstorable
from dsa_hcal_assets.daq.stores.options import CsvOptions, RawOptions
from dsa_hcal_assets.daq.stores.raw import RawSink, read_frames
from dsa_hcal_assets_tests.daq.stores.reading_back import KINDS
from dsa_hcal_assets_tests.daq.stores.sending import NOON, message, readings, table

COLUMNS = {
    "n": st.integers(-(2**63), 2**63 - 1),
    "x": st.floats(),
    "flag": st.booleans(),
    "text": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40),
}
TABLES = st.lists(st.tuples(*COLUMNS.values()), min_size=1, max_size=6).map(
    lambda rows: pa.table(dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True)))
)


def stored(name, directory, *messages, **options):
    kind = KINDS[name]
    sink = kind.sink(directory, **options)
    for each in messages:
        sink.append([each])
    sink.flush()
    sink.close()
    return kind.files(directory)


def same(found, sent):
    assert len(found) == len(sent)
    for one, other in zip(found, sent, strict=True):
        assert one == other or (one != one and other != other)


def columns_of(name, path):
    """The payload's columns as a reader of the format gives them."""
    if name == "parquet":
        return {c: pq.read_table(path).column(c).to_pylist() for c in COLUMNS}
    if name == "root":
        arrays = uproot.open(path)["messages"].arrays()
        return {c: arrays[c].tolist() for c in COLUMNS}
    with h5py.File(path) as file:
        rows = file["messages"][:]
    columns = {c: rows[c].tolist() for c in COLUMNS}
    return columns | {"text": [text.decode() for text in columns["text"]]}


@pytest.mark.parametrize("name", ["parquet", "root", "hdf5"])
@settings(max_examples=20)
@given(sent=TABLES)
def test_tables_survive(tmp_path_factory, name, sent):
    (path,) = stored(name, tmp_path_factory.mktemp("t"), message(1, sent))

    found = columns_of(name, path)
    for column in COLUMNS:
        same(found[column], sent.column(column).to_pylist())


@settings(max_examples=30)
@given(st.lists(st.tuples(*COLUMNS.values()), min_size=1, max_size=5))
def test_csv_is_read_back_by_pandas(tmp_path_factory, rows):
    sent = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    frame = pa.Table.from_pylist(sent)
    (path,) = stored("csv", tmp_path_factory.mktemp("t"), message(1, frame))

    found = pd.read_csv(path, keep_default_na=False, dtype={"text": str, "x": str})
    assert found["text"].tolist() == [row["text"] for row in sent]
    same([float(x) for x in found["x"]], [row["x"] for row in sent])
    assert found["n"].tolist() == [row["n"] for row in sent]
    assert pd.to_datetime(found["time"])[0].value == NOON + 1_000_000


def test_a_compressed_csv_is_one_file_for_any_reader(tmp_path):
    sink = CsvSink(CsvOptions(path=tmp_path / "a.csv", zstd=5))
    for number in (1, 2, 3):
        sink.append(readings(1, first=number))
        sink.flush()
    sink.close()

    text = subprocess.run(["zstd", "-dc", tmp_path / "a.csv.zst"], capture_output=True, check=True).stdout
    assert text.count(b"\n") == 4


def test_csv_refuses_bytes_and_says_lists_as_json(tmp_path):
    sink = CsvSink(CsvOptions(path=tmp_path / "a"))
    with pytest.raises(Unstorable, match="bytes"):
        sink.append([message(1, {"l": [1, "x"]}), message(2, b"raw")])
    sink.flush()
    sink.close()

    assert pd.read_csv(tmp_path / "a.csv")["l"].tolist() == ['[1,"x"]']


def test_raw_payloads_lie_one_behind_the_other_and_frames_say_everything(tmp_path):
    sent = [message(1, b"abc"), message(2, np.arange(3)), message(3, {"a": 1})]
    for content in ("payloads", "frames"):
        sink = RawSink(RawOptions(path=tmp_path / f"{content}.bin", content=content))
        sink.append(sent)
        sink.flush()
        sink.close()

    assert (tmp_path / "payloads.bin").read_bytes() == b"".join(m.payload for m in sent)
    assert list(read_frames(tmp_path / "frames.bin")) == sent
    data = (tmp_path / "frames.bin").read_bytes()
    (tmp_path / "frames.bin").write_bytes(data[:-1])
    with pytest.raises(FrameDamaged):
        list(read_frames(tmp_path / "frames.bin"))


@pytest.mark.parametrize("name", ["root", "hdf5"])
def test_a_number_that_is_missing_is_nan_and_a_text_empty(tmp_path, name):
    kind = KINDS[name]
    paths = stored(
        name, tmp_path, message(1, [{"n": 1, "s": "a"}, {"n": None, "s": None}]), *readings(1, first=2)
    )

    if name == "hdf5":
        rows = [h5py.File(path)["messages"][:] for path in paths]
        numbers, texts = ([v for r in rows for v in r[c].tolist()] for c in ("n", "s"))
        assert texts == [b"a", b"", b""]
    else:
        trees = [uproot.open(path)["messages"].arrays() for path in paths]
        numbers, texts = ([v for t in trees for v in t[c].tolist()] for c in ("n", "s"))
        assert texts == ["a", "", ""]
    same(numbers, [1.0, float("nan"), 2.0])
    assert len(kind.files(tmp_path)) == 2


def test_root_reads_lists_arrays_and_bytes_by_their_lengths(tmp_path):
    image = np.arange(6, dtype="i2").reshape(2, 3)
    (lists,) = stored("root", tmp_path / "l", message(1, {"l.x": [1, 2]}), message(2, {"l.x": []}))
    (arrays,) = stored("root", tmp_path / "a", message(1, image), message(2, image))
    (raw,) = stored("root", tmp_path / "b", message(1, b"\x01\x02"), message(2, b""))
    (ntuple,) = stored("root", tmp_path / "n", message(1, table(1)), rntuple=True)

    assert uproot.open(lists)["messages"]["l_x"].array().tolist() == [[1, 2], []]
    assert uproot.open(arrays)["messages"]["value"].array(library="np").tolist() == [list(range(6))] * 2
    assert uproot.open(raw)["messages"]["value"].array().tolist() == [[1, 2], []]
    assert uproot.open(ntuple)["messages"].arrays()["name"].tolist() == ["row 1"] * 3


def test_hdf5_gives_arrays_their_shape_and_another_shape_another_file(tmp_path):
    frames = [np.full((2, 3), n, "u2") for n in range(3)]
    paths = stored(
        "hdf5",
        tmp_path,
        *(message(n, f) for n, f in enumerate(frames, 1)),
        message(4, np.zeros((4, 2), "u2")),
    )

    first, second = (h5py.File(path)["messages"] for path in paths)
    assert first.dtype["value"].shape == (2, 3)
    assert np.array_equal(first["value"], frames)
    assert second["value"].shape == (1, 4, 2)


def test_hdf5_widens_texts_by_beginning_a_file(tmp_path):
    long = "ä" * 40
    paths = stored(
        "hdf5", tmp_path, message(1, {"s": "short"}), message(2, {"s": long}), message(3, {"s": "x"})
    )

    texts = [[text.decode() for text in h5py.File(path)["messages"]["s"][:]] for path in paths]
    assert texts == [["short"], [long, "x"]]


def test_hdf5_is_read_by_another_process_while_it_is_written(tmp_path):
    kind = KINDS["hdf5"]
    sink = kind.sink(tmp_path)
    sink.append([message(1, table(1))])
    sink.flush()
    follower = (
        "import sys, h5py\n"
        "rows = h5py.File(sys.argv[1], swmr=True)['messages']\n"
        "for line in sys.stdin:\n"
        "    rows.refresh()\n"
        "    print(rows['n'].tolist(), flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", follower, tmp_path / "a.open.h5"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
    ) as reader:  # fmt: skip
        seen = []
        for number in (1, 2, 3):
            sink.append([message(number, table(number))])
            sink.flush()
            reader.stdin.write("\n")
            seen.append(reader.stdout.readline().strip())
        sink.close()
        reader.stdin.write("\n")
        seen.append(reader.stdout.readline().strip())
        reader.stdin.close()

    assert seen == ["[1, 1, 1]", "[1, 1, 1, 2, 2, 2]", *["[1, 1, 1, 2, 2, 2, 3, 3, 3]"] * 2]


def test_rows_of_an_open_parquet_file_can_be_read_as_an_arrow_stream(tmp_path):
    sink = KINDS["parquet"].sink(tmp_path)
    sink.append([message(1, table(1)), message(2, table(2))])
    sink.flush()
    with pa.OSFile(str(tmp_path / "a.parquet.open.arrows")) as file:
        assert pa.ipc.open_stream(file).read_all().column("n").to_pylist() == [1, 1, 1, 2, 2, 2]
    sink.close()

    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["a.parquet"]


def test_parquet_writes_row_groups_of_the_size_asked_for(tmp_path):
    messages = [message(n, table(n, rows=1000)) for n in range(1, 9)]
    sink = KINDS["parquet"].sink(tmp_path, row_group=100_000)
    for each in messages:
        sink.append([each])
        sink.flush()
    sink.close()

    facts = pq.ParquetFile(tmp_path / "a.parquet").metadata
    assert facts.num_rows == 8000
    assert 2 < facts.num_row_groups < 8
