"""Status bits as crates send them, and the four words shifters know."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.hcal.supplies.output_status import TRIPPED, OutputStatus, bits_of, octets_of, state_of


@pytest.mark.parametrize(
    ("octets", "bits", "state"),
    [
        ("800180", OutputStatus.ON | OutputStatus.ADJUSTING | OutputStatus.CONSTANT_VOLTAGE, "On"),
        (
            "8001C0",
            OutputStatus.ON
            | OutputStatus.ADJUSTING
            | OutputStatus.CONSTANT_VOLTAGE
            | OutputStatus.LOW_CURRENT_RANGE,
            "On",
        ),
        (
            "800D80",
            OutputStatus.ON
            | OutputStatus.RAMP_DOWN
            | OutputStatus.ENABLE_KILL
            | OutputStatus.ADJUSTING
            | OutputStatus.CONSTANT_VOLTAGE,
            "Other",
        ),
        ("0001", OutputStatus.ADJUSTING, "Other"),
        ("", OutputStatus(0), "Other"),
    ],
)
def test_bits_recorded_from_crates_are_read(octets, bits, state):
    assert bits_of(bytes.fromhex(octets)) == bits
    assert state_of(int(bits)) == state


@pytest.mark.parametrize("bit", TRIPPED)
def test_every_failure_is_a_trip_even_while_on_and_limited(bit):
    assert state_of(bit) == "Tripped"
    assert state_of(bit | OutputStatus.ON | OutputStatus.CURRENT_LIMITED) == "Tripped"


def test_the_bits_the_design_names_are_those_of_the_mib():
    named = {"ON": 0, "INHIBIT": 1, "FAILURE_MAX_CURRENT": 5, "FAILURE_MAX_POWER": 7, "FAILURE_TIMEOUT": 9}
    named |= {"CURRENT_LIMITED": 10, "RAMP_UP": 11, "RAMP_DOWN": 12, "ENABLE_KILL": 13, "EMERGENCY_OFF": 14}
    named |= {"ADJUSTING": 15, "CONSTANT_VOLTAGE": 16, "LOW_CURRENT_RANGE": 17, "FAILURE_CURRENT_LIMIT": 19}
    assert {name: OutputStatus[name].bit_length() - 1 for name in named} == named


def test_a_current_limit_comes_before_being_on():
    assert state_of(OutputStatus.ON | OutputStatus.CURRENT_LIMITED) == "Current limited"


@pytest.mark.parametrize("bit", [OutputStatus.INHIBIT, OutputStatus.RAMP_UP, OutputStatus.RAMP_DOWN])
def test_what_is_on_but_not_steady_is_other(bit):
    assert state_of(OutputStatus.ON | bit) == "Other"


@given(st.integers(0, 2**26 - 1))
def test_bits_survive_the_wire(status):
    assert bits_of(octets_of(status)) == status


@given(st.binary(max_size=8))
def test_whatever_octets_come_they_are_a_number_and_a_state(octets):
    status = bits_of(octets)
    assert 0 <= status < 2**26
    assert state_of(status) in ("On", "Tripped", "Current limited", "Other")


def test_more_octets_than_any_firmware_sends_are_refused():
    with pytest.raises(ValueError, match="9 octets"):
        bits_of(bytes(9))
