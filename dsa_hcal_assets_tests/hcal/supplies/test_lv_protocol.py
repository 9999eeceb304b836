"""The low-voltage crate's protocol: replies in every documented variant, and what is never sent."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.hcal.acquisition.read_commands import CommandRefused
from dsa_hcal_assets.hcal.acquisition.replies import ReplyGarbled, WrongCount
from dsa_hcal_assets.hcal.supplies.lv_protocol import (
    LvRequest,
    Quantity,
    parse_values,
    requests_of,
    require_read_only,
)

VOLTS, AMPERES = LvRequest(Quantity.VOLTAGES, 1), LvRequest(Quantity.CURRENTS, 1)
ECHOED = b"V01\n\r0.000V\n\r7.001V\n\r8.995V\n\r>"


@pytest.mark.parametrize(
    "reply",
    [
        ECHOED,
        b"$V01\n\r0.000V\n\r7.001V\n\r8.995V\n\r>",
        b"0.000\n\r7.001\n\r8.995\n\r>",
        b"\n\r\n\rV01\r\n0.000V\r\n7.001V\r\n8.995V\r\n>",
        b"V01\n0.000 V\n7.001 V\n8.995 V>",
    ],
)
def test_replies_are_read_with_and_without_echo_units_and_blank_lines(reply):
    assert parse_values(VOLTS, reply) == ([0.0, 7.001, 8.995], None)


def test_a_slot_gives_as_many_values_as_it_has_channels():
    for count in (0, 10, 11, 16):
        reply = b"I01\n\r" + b"0.014A\n\r" * count + b">"
        assert parse_values(AMPERES, reply) == ([0.014] * count, None)


def test_more_values_than_a_slot_has_are_refused():
    with pytest.raises(WrongCount, match="17 values"):
        parse_values(VOLTS, b"7.0V\n\r" * 17 + b">")


@pytest.mark.parametrize("line", [b"7.0A", b"seven", b"7.0mV", b"7,0V", b"\xff\xfe", b"7.0V>8.0V"])
def test_lines_that_are_no_voltage_are_garbled(line):
    with pytest.raises(ReplyGarbled):
        parse_values(VOLTS, b"V01\n\r" + line + b"\n\r>")


def test_a_value_that_is_not_a_number_costs_itself():
    values, missing = parse_values(VOLTS, b"V01\n\r7.0V\n\rnan\n\r9.0V\n\r>")
    assert (values[0], values[2]) == (7.0, 9.0)
    assert values[1] != values[1]
    assert missing is not None
    assert "value 1" in missing.what


def test_voltages_come_before_currents_so_that_half_a_crate_is_worth_something():
    assert [request.wire for request in requests_of([1, 16])] == [
        b"$V01\n\r",
        b"$V16\n\r",
        b"$I01\n\r",
        b"$I16\n\r",
    ]


@pytest.mark.parametrize(
    "wire",
    [
        *(f"${letter}01\n\r".encode() for letter in string.ascii_uppercase if letter not in "VI"),
        b"$E01FF\n\r",
        b"$E0100\n\r",
        b"$V01\n\r$E0100\n\r",
        b"$V1\n\r",
        b"$V001\n\r",
        b"$v01\n\r",
        b"V01\n\r",
        b"$V01",
        b"$V01\r\n",
        b"$V01\n\r ",
        "$V０１\n\r".encode(),
        b"$R\n\r",
        b"",
    ],
)
def test_everything_but_the_two_reads_is_refused(wire):
    with pytest.raises(CommandRefused, match="must not be sent"):
        require_read_only(wire)


@given(st.binary(max_size=12))
def test_no_other_bytes_pass(wire):
    try:
        require_read_only(wire)
    except CommandRefused:
        return
    assert wire[:2] in (b"$V", b"$I")
    assert wire[2:4].isdigit()
    assert wire[4:] == b"\n\r"


@pytest.mark.parametrize("slot", [-1, 100, True, "01"])
def test_slots_that_cannot_be_asked_for_are_refused(slot):
    with pytest.raises(CommandRefused):
        LvRequest(Quantity.VOLTAGES, slot)


@given(st.integers(0, 99))
def test_every_request_that_can_be_built_may_be_sent(slot):
    for quantity in Quantity:
        require_read_only(LvRequest(quantity, slot).wire)
