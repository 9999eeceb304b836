"""Going down a crate's table, and what its objects say."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.hcal.acquisition.replies import ReplyGarbled
from dsa_hcal_assets.hcal.supplies.mpod_table import Column, TableWalk, index_of, place_of, value_of
from dsa_hcal_assets.hcal.supplies.snmp import VarBind

TWO = (Column.STATUS, Column.V_MEAS)


def behind(table, oids, repetitions):
    """Answer a get-bulk from `table` (column -> indices), as RFC 3416 says."""
    names = sorted((*column.oid, index) for column, indices in table.items() for index in indices)
    names.append((1, 3, 6, 1, 4, 1, 19947, 2))
    found, at = [], list(oids)
    for _ in range(repetitions):
        row = [next((name for name in names if name > oid), None) for oid in at]
        found += [
            VarBind(oid if name is None else name, None if name is None else name[-1])
            for oid, name in zip(at, row, strict=True)
        ]
        at = [oid if name is None else name for oid, name in zip(at, row, strict=True)]
    return found


@given(
    st.sets(st.integers(1, 900), max_size=40), st.sets(st.integers(1, 900), max_size=40), st.integers(1, 12)
)
def test_every_row_of_every_column_is_found_once_whatever_the_portions(status, volts, repetitions):
    table, walk = {Column.STATUS: status, Column.V_MEAS: volts}, TableWalk(TWO)
    while oids := walk.next_oids:
        walk.take(behind(table, oids, repetitions))
    assert {column: set(values) for column, values in walk.values.items()} == table


def test_an_answer_cut_in_the_middle_of_a_row_is_gone_on_from():
    table, walk = {Column.STATUS: range(1, 9), Column.V_MEAS: range(1, 9)}, TableWalk(TWO)
    while oids := walk.next_oids:
        walk.take(behind(table, oids, 3)[:5])
    assert all(list(values) == list(range(1, 9)) for values in walk.values.values())


@pytest.mark.parametrize("index", [3, 2])
def test_a_table_that_does_not_go_on_is_garbled_and_not_walked_for_ever(index):
    walk = TableWalk([Column.STATUS])
    walk.take([VarBind((*Column.STATUS.oid, 3), b"")])
    with pytest.raises(ReplyGarbled, match="does not go on"):
        walk.take([VarBind((*Column.STATUS.oid, index), b"")])


def test_a_table_with_more_rows_than_any_crate_is_garbled():
    walk = TableWalk([Column.STATUS])
    with pytest.raises(ReplyGarbled, match="table index 1001"):
        walk.take([VarBind((*Column.STATUS.oid, 1001), b"")])


def test_an_empty_portion_is_garbled():
    with pytest.raises(ReplyGarbled, match="empty portion"):
        TableWalk().take([])


@given(st.integers(0, 9), st.integers(0, 15))
def test_places_survive_the_table(slot, channel):
    assert place_of(index_of(slot, channel)) == (slot, channel)


def test_the_index_of_a_channel_is_one_more_than_its_name():
    # WIENER-CRATE-MIB, outputIndex: u0(1) ... u501(502)
    assert index_of(5, 1) == 502


@pytest.mark.parametrize("index", [0, -1, 1001, 2**31])
def test_an_index_no_crate_has_is_garbled(index):
    with pytest.raises(ReplyGarbled, match="table index"):
        place_of(index)


def test_values_are_what_the_mib_says():
    assert value_of(Column.STATUS, 1, b"\x80\x01\x80") == 1 << 0 | 1 << 15 | 1 << 16
    assert value_of(Column.SWITCH, 1, 1) is True
    assert value_of(Column.SWITCH, 1, 0) is False
    assert value_of(Column.V_SET, 1, 66.30000305175781) == 66.3


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (Column.STATUS, 5),
        (Column.STATUS, bytes(9)),
        (Column.SWITCH, b"\x01"),
        (Column.SWITCH, 1.0),
        (Column.V_MEAS, math.nan),
        (Column.V_MEAS, math.inf),
        (Column.V_MEAS, 1e9),
        (Column.I_MEAS, b"\x9f\x78"),
        (Column.I_LIMIT, 3),
        (Column.V_SET, None),
    ],
)
def test_values_of_another_kind_are_garbled_and_named(column, value):
    with pytest.raises(ReplyGarbled, match=rf"{column.mib_name}\.u501"):
        value_of(column, 502, value)
