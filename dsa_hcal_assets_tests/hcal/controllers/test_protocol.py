"""The controllers' protocol: what may be sent, and which gain a reply tells."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.hcal.acquisition.read_commands import CommandRefused
from dsa_hcal_assets.hcal.acquisition.replies import ReplyGarbled
from dsa_hcal_assets.hcal.controllers.protocol import Reading, Request, parse_gain, require_read_only

GAIN = Request(Reading.GAIN, 0)
# every command of the controllers and of the low-voltage crate that sets, switches or disturbs
# something, or is simply not polled, in the spellings clients use
FORBIDDEN = [
    b"$E", b"$H", b"$LS01900", b"$LS021900", b"$LM0001F", b"$LM00000",
    b"$GS00-0150", b"$GS312-0150", b"$GS0001000", b"$A0h", b"$A0n", b"$A7h", b"$P0", b"$P7", b"$P0FFFFFF",
    b"$V01", b"$I01", b"$E01FFFF", b"$E0100",
]  # fmt: skip


class TestWhitelist:
    def test_the_eight_polled_readings_are_all_that_can_be_built(self):
        built = {Request(reading, channel).wire for reading in Reading for channel in range(8)}
        letters = {re.fullmatch(rb"\$([A-Z]+)[0-7]\n\r", wire)[1] for wire in built}
        assert letters == {b"T", b"U", b"I", b"GR", b"A", b"LR", b"LA", b"D"}
        assert all(require_read_only(wire) == wire for wire in built)

    @pytest.mark.parametrize("end", [b"", b"\n\r", b"\r\n", b"\n"])
    @pytest.mark.parametrize("command", FORBIDDEN)
    def test_every_other_command_is_refused(self, command, end):
        with pytest.raises(CommandRefused, match="must not be sent"):
            require_read_only(command + end)

    @pytest.mark.parametrize(
        "wire",
        [b"", b"$T0", b"$T0\n", b"$T8\n\r", b"$t0\n\r", b"$T00\n\r", b" $T0\n\r", b"$T0\n\r$E\n\r",
         b"$T0\n\r\n\r", b"$A0\n\rh", b"T0\n\r", b"$T0\n\r\n", b"$TI0\n\r"],
    )  # fmt: skip
    def test_near_misses_are_refused(self, wire):
        with pytest.raises(CommandRefused):
            require_read_only(wire)

    @given(st.binary(max_size=12))
    def test_arbitrary_bytes_never_pass(self, wire):
        if wire not in {Request(reading, channel).wire for reading in Reading for channel in range(8)}:
            with pytest.raises(CommandRefused):
                require_read_only(wire)

    @pytest.mark.parametrize("channel", [-1, 8, 10, "0", "0h", 0.5, True])
    def test_only_the_channels_of_a_board_can_be_asked(self, channel):
        with pytest.raises(CommandRefused):
            Request(Reading.GAIN, channel)


class TestGain:
    @pytest.mark.parametrize("reply", [b"High>", b"h\n\r>", b"A0\n\rHIGH\n\r>"])
    def test_high(self, reply):
        assert parse_gain(GAIN, reply) == "high"

    @pytest.mark.parametrize("reply", [b"Norm>", b"n\n\r>", b"$A0\n\rnormal\n\r>"])
    def test_normal(self, reply):
        assert parse_gain(GAIN, reply) == "normal"

    @pytest.mark.parametrize("reply", [b">", b"High\n\rNorm\n\r>", b"low>", b"1>"])
    def test_anything_else_is_refused(self, reply):
        with pytest.raises(ReplyGarbled):
            parse_gain(GAIN, reply)
