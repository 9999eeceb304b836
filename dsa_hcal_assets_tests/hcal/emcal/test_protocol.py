"""Only four read commands can reach an EMCal controller."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.hcal.acquisition.read_commands import CommandRefused
from dsa_hcal_assets.hcal.acquisition.replies import parse_numbers
from dsa_hcal_assets.hcal.emcal.protocol import Reading, Request, require_read_only

ALLOWED = {Request(reading, board).wire for reading in Reading for board in range(6)}


def test_the_whitelist_is_four_readings_of_six_boards():
    assert len(ALLOWED) == 24
    assert {wire[:-3] for wire in ALLOWED} == {b"$T", b"$U", b"$I", b"$A"}
    assert all(require_read_only(wire) == wire for wire in ALLOWED)


@given(st.binary(max_size=12))
def test_nothing_else_passes(wire):
    if wire not in ALLOWED:
        with pytest.raises(CommandRefused, match="must not be sent"):
            require_read_only(wire)


@pytest.mark.parametrize(
    "command",
    [f"${letters}{board}" for letters, board in itertools.product(("E", "P", "GR", "LR", "D", "H"), range(6))]
    + ["$A0h", "$A0n", "$GS000-0150", "$LS001900", "$LM0001F", "$P0FFFFFF", "$T6", "$T0\n\r$A0h"],
)
def test_setting_and_disturbing_commands_are_refused(command):
    with pytest.raises(CommandRefused):
        require_read_only(command.encode() + b"\n\r")


@pytest.mark.parametrize("channel", [6, -1, True, "0"])
def test_a_board_that_does_not_exist_cannot_be_asked(channel):
    with pytest.raises(CommandRefused, match="interface board"):
        Request(Reading.GAIN, channel)


def test_replies_of_test_beams_are_read():
    """32 temperatures and 64 currents, a value a line, as the controllers of test beams gave them."""
    temperatures = b"\n\r".join(b"%.2f" % (20 + number) for number in range(32)) + b"\n\r>"
    currents = b"I0\n\r" + b"\n\r".join(b"%.3fuA" % number for number in range(64)) + b"\n\r>"
    assert parse_numbers(Request(Reading.TEMPERATURES, 0), temperatures)[0][-1] == 51.0
    assert parse_numbers(Request(Reading.LEAKAGE, 0), currents)[0] == list(range(64))
