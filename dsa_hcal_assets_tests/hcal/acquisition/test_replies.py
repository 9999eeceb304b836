"""Replies of lines of text: collected in any pieces, read as numbers or refused as a whole."""

import contextlib
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.hcal.acquisition.replies import (
    LONGEST_REPLY,
    ReplyBuffer,
    ReplyGarbled,
    ReplyTooLong,
    WrongCount,
    parse_numbers,
)
from dsa_hcal_assets.hcal.controllers.protocol import Reading, Request

TEMPERATURES = Request(Reading.TEMPERATURES, 3)
VOLTAGES = Request(Reading.VOLTAGES, 0)
VALUES = [20.0 + tower / 8 for tower in range(24)]
LINES = [f"{value:.3f}" for value in VALUES]
HEALTHY = "\n\r".join(LINES).encode() + b"\n\r>"


def whole(request: Request, *chunks: bytes) -> bytes:
    buffer = ReplyBuffer(request)
    for chunk in chunks:
        buffer.feed(chunk)
    assert buffer.complete
    return buffer.reply


class TestReplyBuffer:
    @given(st.lists(st.integers(0, len(HEALTHY)), max_size=6))
    def test_a_reply_may_come_in_any_pieces(self, cuts):
        edges = [0, *sorted(cuts), len(HEALTHY)]
        pieces = [HEALTHY[begin:end] for begin, end in pairwise(edges)]
        assert parse_numbers(TEMPERATURES, whole(TEMPERATURES, *pieces))[0] == VALUES

    def test_it_is_complete_with_the_prompt_and_not_before(self):
        buffer = ReplyBuffer(TEMPERATURES)
        for byte in HEALTHY[:-1]:
            buffer.feed(bytes([byte]))
            assert not buffer.complete
        buffer.feed(b">")
        assert buffer.complete

    def test_the_prompt_may_follow_the_last_value_on_its_line(self):
        whole(TEMPERATURES, "\n\r".join(LINES).encode() + b">")

    def test_a_prompt_behind_too_few_values_may_be_the_end_or_not(self):
        buffer = ReplyBuffer(TEMPERATURES)
        buffer.feed(b"20.1\n\r20>")
        assert buffer.perhaps_complete
        assert not buffer.complete

    def test_line_ends_behind_the_prompt_do_not_hide_it(self):
        whole(TEMPERATURES, HEALTHY + b"\n\r")

    def test_a_line_of_ten_megabytes_is_refused_in_bounded_memory(self):
        buffer = ReplyBuffer(TEMPERATURES)
        for _ in range(160):
            with pytest.raises(ReplyTooLong):
                buffer.feed(b"7" * 65536)
        assert len(buffer.reply) <= LONGEST_REPLY


class TestNumbers:
    @pytest.mark.parametrize("end", ["\n\r", "\r\n", "\n", "\r", "\n\r\n\r"])
    def test_all_terminators_are_understood(self, end):
        assert parse_numbers(TEMPERATURES, (end.join(LINES) + end + ">").encode()) == (VALUES, None)

    @pytest.mark.parametrize("echo", [b"T3\n\r", b"$T3\n\r", b"\n\r\n\r$T3\n\r\n\r"])
    def test_the_echo_of_the_command_is_no_value(self, echo):
        assert parse_numbers(TEMPERATURES, whole(TEMPERATURES, echo + HEALTHY))[0] == VALUES

    def test_the_echo_of_another_command_is_refused(self):
        with pytest.raises(ReplyGarbled):
            parse_numbers(TEMPERATURES, b"T4\n\r" + HEALTHY)

    def test_units_are_stripped(self):
        assert parse_numbers(VOLTAGES, b"6.4V\n\r65.100 V\n\r-6.6V>")[0] == [6.4, 65.1, -6.6]

    @pytest.mark.parametrize("value", [b"6400mV", b"6.4A", b"6.4VV", b"6.4 V V"])
    def test_an_unexpected_unit_is_never_rescaled_by_guess(self, value):
        with pytest.raises(ReplyGarbled, match="not a number"):
            parse_numbers(VOLTAGES, value + b"\n\r65.1V\n\r-6.6V>")

    @pytest.mark.parametrize(
        ("text", "value"),
        [("+6", 6), ("-0150", -150), (".5", 0.5), ("7.", 7), ("1.5e-3", 0.0015), ("1E2", 100), ("-0", 0)],
    )
    def test_numbers_in_all_their_spellings(self, text, value):
        assert parse_numbers(VOLTAGES, f"{text}\n\r1\n\r1>".encode())[0][0] == value

    @pytest.mark.parametrize(
        "text", ["1,5", "1 2", "0x1F", "--1", "1_0", "1e", "²", "e5", "1e999", "2e6", "abc"]
    )
    def test_what_is_no_number_garbles_the_reply(self, text):
        with pytest.raises(ReplyGarbled):
            parse_numbers(VOLTAGES, f"{text}\n\r1\n\r1>".encode())

    @pytest.mark.parametrize("count", [0, 1, 23, 25, 48])
    def test_another_count_of_values_is_refused_as_a_whole(self, count):
        reply = "\n\r".join((LINES * 2)[:count]).encode() + b"\n\r>"
        with pytest.raises(WrongCount, match="24"):
            parse_numbers(TEMPERATURES, reply)

    @pytest.mark.parametrize("word", ["nan", "NaN", "-nan", "inf"])
    def test_nan_costs_one_tower_and_is_named(self, word):
        values, missing = parse_numbers(
            TEMPERATURES, "\n\r".join([*LINES[:5], word, *LINES[6:]]).encode() + b"\n\r>"
        )
        assert math.isnan(values[5])
        assert values[:5] + values[6:] == VALUES[:5] + VALUES[6:]
        assert "value 5" in missing.what

    def test_a_prompt_inside_the_data_garbles_the_reply(self):
        with pytest.raises(ReplyGarbled, match="prompt"):
            parse_numbers(TEMPERATURES, HEALTHY.replace(b"20.5", b"20>5"))

    def test_bytes_outside_ascii_garble_the_reply(self):
        with pytest.raises(ReplyGarbled, match="ASCII"):
            parse_numbers(TEMPERATURES, HEALTHY.replace(b"20.5", b"20\xb75"))

    @given(st.binary(max_size=200))
    def test_arbitrary_bytes_give_values_or_a_typed_error_and_nothing_else(self, noise):
        with contextlib.suppress(ReplyGarbled):
            values, _ = parse_numbers(VOLTAGES, noise + b">")
            assert len(values) == 3

    def test_errors_quote_the_board_safely(self):
        with pytest.raises(ReplyGarbled) as caught:
            parse_numbers(VOLTAGES, b"\x1b[2J\n\r1\n\r1\n\r>" + b"x" * 1000)
        assert "\x1b" not in str(caught.value)
        assert len(str(caught.value)) < 400
