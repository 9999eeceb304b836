"""Values survive the way into a payload and back, and are not copied on the way out."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dsa_hcal_assets.daq.messages.message import Kind, Message
from dsa_hcal_assets.daq.messages.payload import Encoded, NotEncodable, decode, encode


def written(encoded: Encoded) -> Message:
    place = bytearray(encoded.length)
    encoded.write(memoryview(place))
    return Message("t", "p", 1, 1, 0, encoded.kind, memoryview(place), encoded.attributes)


@given(hnp.arrays(st.sampled_from(["<f4", "<f8", "<i2", ">u4", "<c16", "S5"]), hnp.array_shapes(min_side=0)))
def test_arrays_keep_type_shape_and_bytes(array):
    back = decode(written(encode(array)))

    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


def test_a_structured_array_keeps_its_fields():
    inner = np.dtype([("x", "<f4"), ("y", ">i2", (2, 3))])
    array = np.zeros(3, np.dtype([("n", "<u8"), ("in", inner), ("s", "S4")], align=True))
    array["in"]["y"] = 5

    back = decode(written(encode(array)))

    assert back.dtype.names == array.dtype.names
    assert np.array_equal(back["in"]["y"], array["in"]["y"])
    assert back["s"].dtype == array["s"].dtype


def test_an_array_lies_in_the_payload_itself():
    message = written(encode(np.arange(6.0).reshape(2, 3)))

    assert np.shares_memory(decode(message), np.frombuffer(message.payload, np.uint8))


SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text()


@given(st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))
def test_plain_values_go_as_json(value):
    assert decode(written(encode(value))) == value


@pytest.mark.parametrize("make", [pa.Table.from_pydict, pa.RecordBatch.from_pydict])
def test_tables_go_as_arrow(make):
    table = make({"t": [1.0, 2.0, None], "name": ["a", "b", "c"]})
    message = written(encode(table))

    assert message.kind is Kind.ARROW
    assert decode(message).to_pydict() == table.to_pydict()


def arrow_stream(batch):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write(batch)
    return sink.getvalue().to_pybytes()


WORDS = pa.array(["a", None, "ccc"] * 50)
BATCHES = {
    "numbers and text": {"t": pa.array(range(150)), "w": WORDS},
    "a slice": {"t": pa.array(range(1000))[17:167], "w": WORDS},
    "dictionaries": {"w": WORDS.dictionary_encode()},
    "dictionaries in lists": {"w": pa.array([["a"]] * 3, pa.list_(pa.dictionary(pa.int8(), pa.string())))},
    "lists": {"l": pa.array([[1.0], [], None])},
    "no rows": {"t": pa.array([], pa.int8())},
    "large": {"t": pa.array(np.arange(100_000.0))},
}


@pytest.mark.parametrize("columns", BATCHES.values(), ids=BATCHES.keys())
@pytest.mark.parametrize("metadata", [None, {"unit": "deg C"}])
def test_a_batch_becomes_the_stream_that_arrow_itself_writes(columns, metadata):
    batch = pa.RecordBatch.from_pydict(columns).replace_schema_metadata(metadata)
    # twice: the second time its schema is known
    for _ in range(2):
        assert bytes(written(encode(batch)).payload) == arrow_stream(batch)


def test_bytes_come_back_as_a_view():
    assert bytes(decode(written(encode(b"\x00\xff")))) == b"\x00\xff"


@pytest.mark.parametrize("value", [object(), np.array([object()]), pa.array([1]), {1j: 2}])
def test_what_cannot_be_sent_is_refused_by_name(value):
    with pytest.raises(NotEncodable, match="cannot be sent"):
        encode(value)


WITHOUT_ARROW = """
import sys

sys.modules["pyarrow"] = None  # as if it were not installed

from pathlib import Path

import numpy as np

import dsa_hcal_assets.daq.jobs.loop
import dsa_hcal_assets.daq.supervisor.main
from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets.daq.stores.options import RawOptions
from dsa_hcal_assets.daq.stores.raw import RawSink, read_frames
from dsa_hcal_assets.daq.streams.opening import StreamConfig, StreamPlace, open_reader, open_writer

here = Path(sys.argv[1])
place = StreamPlace(here, shared_memory=False)
with_reader = open_writer(place, "p", StreamConfig(), readers=["r"])
for value in ({"n": 1}, b"abc", np.arange(6.0).reshape(2, 3)):
    with_reader.send("t", value)
messages = open_reader(place, "p", "r").receive()
store = RawSink(RawOptions(path=here / "a"))
store.append(messages)
store.flush()
store.close()
kept = [decode(message) for message in read_frames(here / "a.raw")]
assert (kept[0], bytes(kept[1]), kept[2].tolist()) == ({"n": 1}, b"abc", [[0, 1, 2], [3, 4, 5]]), kept
"""


def test_without_arrow_everything_but_tables_is_sent_read_and_stored(tmp_path):
    program = [sys.executable, "-c", WITHOUT_ARROW, str(tmp_path)]
    ended = subprocess.run(program, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
