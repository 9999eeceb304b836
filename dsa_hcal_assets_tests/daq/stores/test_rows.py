"""Messages become rows that say the same, each with its envelope."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.daq.stores.progress import Progress
from dsa_hcal_assets.daq.stores.rows import ENVELOPE, blocks_of, unstored
from dsa_hcal_assets_tests.daq.stores.sending import NOON, message, table

VALUES = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "time", "c"]), VALUES, max_size=4)


def rows_of(*values):
    blocks, refusals = blocks_of([message(number, value) for number, value in enumerate(values, 1)])
    assert refusals == []
    return [row for block in blocks for row in block.table.to_pylist()]


def own(row):
    return {name: value for name, value in row.items() if name not in ENVELOPE.names and value is not None}


@given(st.lists(OBJECTS, min_size=1, max_size=6))
def test_an_object_is_a_row_whatever_the_others_have(objects):
    rows = rows_of(*objects)

    said = [{f"{name}_" if name == "time" else name: each[name] for name in each} for each in objects]
    assert [own(row) for row in rows] == [{n: v for n, v in each.items() if v is not None} for each in said]
    assert [row["sequence"] for row in rows] == list(range(1, len(objects) + 1))


def test_each_row_says_when_and_by_whom_it_was_sent():
    (row,) = blocks_of([message(3, {"a": 1}, producer="p", topic="t.u", epoch=2**64 - 1)])[0][
        0
    ].table.to_pylist()

    assert row["time"].value == NOON + 3_000_000
    assert str(row["time"].tz) == "UTC"
    assert (row["topic"], row["producer"], row["epoch"], row["sequence"]) == ("t.u", "p", 2**64 - 1, 3)


def test_a_list_of_objects_an_arrow_table_and_a_structured_array_are_many_rows():
    structured = np.array([(1, 2.5, b"x"), (2, 3.5, b"yz")], [("n", ">i4"), ("v", "<f4"), ("s", "S4")])

    assert [own(row) for row in rows_of([{"n": 1}, {"n": 2}])] == [{"n": 1}, {"n": 2}]
    assert [own(row) for row in rows_of(table(5, rows=2))] == table(5, rows=2).to_pylist()
    assert [own(row) for row in rows_of(structured)] == [
        {"n": 1, "v": 2.5, "s": "x"},
        {"n": 2, "v": 3.5, "s": "yz"},
    ]


def test_attributes_are_columns_behind_the_payloads_of_every_row_of_the_message():
    first = replace(message(1, table(5, rows=2)), attributes={"block": 7, "value": "x"})
    second = message(2, table(6, rows=1))
    array = message(3, np.zeros(2))
    array = replace(array, attributes={**array.attributes, "motion": 0.5, "shape_": None})

    blocks, refusals = blocks_of([first, second, array])

    rows = [row for block in blocks for row in block.table.to_pylist()]
    assert refusals == []
    assert [(row.get("block"), row.get("value")) for row in rows[:3]] == [(7, "x"), (7, "x"), (None, None)]
    assert own(rows[3]) == {"value": [0.0, 0.0], "motion": 0.5}


def test_an_attribute_of_another_type_is_a_block_of_its_own():
    messages = [replace(message(n, {"a": n}), attributes={"of": of}) for n, of in ((1, 1), (2, "two"))]

    assert [own(row) for block in blocks_of(messages)[0] for row in block.table.to_pylist()] == [
        {"a": 1, "of": 1},
        {"a": 2, "of": "two"},
    ]


def test_other_values_are_one_row():
    array = np.arange(6, dtype="i2").reshape(2, 3)

    assert [own(row) for row in rows_of(1.5, [1, 2], array, b"ab")] == [
        {"value": 1.5}, {"value": [1, 2]}, {"value": list(range(6)), "shape": [2, 3]}, {"value": b"ab"},
    ]  # fmt: skip


def test_objects_within_objects_are_columns_and_within_lists_their_json():
    assert own(rows_of({"a": {"b": {"c": 1}, "d": "x"}, "l": [{"e": 1}, 2]})[0]) == {
        "a.b.c": 1, "a.d": "x", "l": '[{"e":1},2]',
    }  # fmt: skip
    nested = pa.table({"s": [{"x": 1}], "d": pa.array(["k"]).dictionary_encode()})
    assert own(rows_of(nested)[0]) == {"s.x": 1, "d": "k"}


@pytest.mark.parametrize(
    "bad", [np.array([1 + 2j]), {"a": {"b": 1}, "a.b": 2}, {"n": 2**70}], ids=["complex", "one name", "2**70"]
)
def test_what_has_no_rows_is_refused_alone_with_the_reason(bad):
    blocks, (refusal,) = blocks_of([message(1, {"n": 1}), message(2, bad), message(3, {"n": 3})])

    assert refusal.message.sequence == 2
    assert refusal.reason
    assert [m.sequence for block in blocks for m in block.messages] == [1, 3]


def test_text_in_a_column_of_numbers_is_a_block_of_its_own():
    blocks, refusals = blocks_of([message(1, {"v": 1}), message(2, {"v": "one"})])

    assert refusals == []
    assert [str(block.table.schema.field("v").type) for block in blocks] == ["int64", "string"]


def test_a_block_is_of_one_day_and_gives_each_message_its_rows():
    tomorrow = NOON + 86_400_000_000_000
    blocks, _ = blocks_of(
        [message(1, table(1)), message(2, table(2, 1)), message(3, table(3), time_ns=tomorrow)]
    )

    assert [len(block.messages) for block in blocks] == [2, 1]
    assert blocks[1].day == blocks[0].day + 1
    assert [part.table.column("n").to_pylist() for part in blocks[0].parts()] == [[1, 1, 1], [2]]


def test_stored_messages_leave_a_block_and_the_others_stay():
    blocks, _ = blocks_of([message(1, table(1)), message(2, table(2))])

    (left,) = unstored(blocks, Progress([("hall", 7, 1)]))

    assert [m.sequence for m in left.messages] == [2]
    assert left.table.column("n").to_pylist() == [2, 2, 2]
