"""The meter's two commands, and the numbers that come back."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.hcal.acquisition.read_commands import CommandRefused
from dsa_hcal_assets.hcal.acquisition.replies import ReplyGarbled, ValuesMissing
from dsa_hcal_assets.hcal.supplies import meter_protocol
from dsa_hcal_assets.hcal.supplies.meter_protocol import parse_reading, require_measured, require_read_only


@pytest.mark.parametrize("wire", [meter_protocol.CHOOSE_ELEMENTS, meter_protocol.READ])
def test_the_two_commands_may_be_sent(wire):
    assert require_read_only(wire) == wire


@pytest.mark.parametrize(
    "wire",
    [
        b":OUTP ON\r",
        b":OUTP OFF\r",
        b"*RST\r",
        b"*IDN?\r",
        b":SOUR:VOLT:LEV 65\r",
        b":SOUR:CLE:AUTO ON\r",
        b":SENS:CURR:PROT 1E-3\r",
        b":MEAS?\r",
        b":INIT\r",
        b":SYST:LOC\r",
        b":FORM:ELEM VOLT,CURR,STAT\r",
        b":FORM:ELEM VOLT,CURR\n",
        b":FORM:ELEM VOLT,CURR;:OUTP ON\r",
        b":READ?",
        b":READ?\r:OUTP ON\r",
        b":read?\r",
        b" :READ?\r",
        b"",
    ],
)
def test_everything_else_is_refused(wire):
    with pytest.raises(CommandRefused, match="must not be sent"):
        require_read_only(wire)


@given(st.binary(max_size=30))
def test_no_other_bytes_pass(wire):
    if wire in (meter_protocol.CHOOSE_ELEMENTS, meter_protocol.READ):
        return
    with pytest.raises(CommandRefused):
        require_read_only(wire)


@pytest.mark.parametrize(
    ("line", "values"),
    [
        (b"+6.500000E+01,+1.203000E-04", (65.0, 1.203e-4)),
        (b"\n-6.49452E+01,-2.0E-06 ", (-64.9452, -2e-6)),
        (b"65, 0", (65.0, 0.0)),
    ],
)
def test_readings_are_taken(line, values):
    assert parse_reading(line) == values


@pytest.mark.parametrize(
    "line",
    [b"", b"65.0", b"65.0,", b"65.0,1e-4,3.0", b"65.0V,1e-4A", b"nan,1", b"\xff,\xfe", b"6 5,1", b"1e999,1"],
)
def test_what_is_no_pair_of_numbers_is_garbled(line):
    with pytest.raises(ReplyGarbled):
        parse_reading(line)


def test_overflow_and_not_measured_are_missing_values_and_named():
    volts, amperes = parse_reading(b"+9.900000E+37,+1.0E-04")
    assert math.isnan(volts)
    assert amperes == 1e-4
    with pytest.raises(ValuesMissing, match="no voltage"):
        require_measured(volts, amperes)
    with pytest.raises(ValuesMissing, match="no voltage and no current"):
        require_measured(*parse_reading(b"+9.910000E+37,+9.910000E+37"))


@given(st.floats(-1100, 1100), st.floats(-3, 3))
def test_readings_survive_the_wire(volts, amperes):
    volts, amperes = round(volts, 9), round(amperes, 12)  # the meter's smallest steps
    back = parse_reading(f"{volts:+.6E},{amperes:+.6E}".encode())
    assert back == pytest.approx((volts, amperes), rel=1e-6, abs=1e-12)


@given(st.binary(max_size=40))
def test_noise_is_garbled_or_numbers_and_nothing_worse(line):
    try:
        volts, amperes = parse_reading(line)
    except ReplyGarbled:
        return
    assert isinstance(volts, float)
    assert isinstance(amperes, float)
