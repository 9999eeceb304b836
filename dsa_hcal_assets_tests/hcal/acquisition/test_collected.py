"""What is kept of a board while it is read, and how its reading is summed up."""

from datetime import UTC, datetime

import numpy as np
import pytest

from dsa_hcal_assets.hcal.acquisition.collected import Collected
from dsa_hcal_assets.hcal.acquisition.replies import ReplyTimeout, WrongCount
from dsa_hcal_assets.hcal.controllers.protocol import EVERY_CYCLE, Reading, Request

REQUESTS = Collected("80").requests
FIRST, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
REPLIES = {
    Reading.TEMPERATURES: b"22.5\n\r" * 24 + b">",
    Reading.LEAKAGE: b"1.25\n\r" * 24 + b">",
    Reading.OFFSETS: b"-150\n\r" * 24 + b">",
    Reading.VOLTAGES: b"6.4\n\r65.1\n\r-6.6\n\r>",
    Reading.GAIN: b"High\n\r>",
    Reading.LED_INTENSITIES: b"1900\n\r2000\n\r2100\n\r2200\n\r3200\n\r>",
    Reading.PIN_DIODES: b"0\n\r0\n\r70\n\r0\n\r0\n\r>",
    Reading.DAC: b"1898\n\r" * 24 + b">",
}


def collected(*, but=(), readings=EVERY_CYCLE):
    board = Collected("80", readings)
    for request in board.requests:
        if request not in but:
            board.take(request, REPLIES[request.reading])
    return board


def test_temperatures_of_all_channels_are_asked_first():
    assert {request.reading for request in REQUESTS[:8]} == {Reading.TEMPERATURES}
    assert len(set(REQUESTS)) == 5 * 8


def test_a_complete_board_is_ok_and_each_value_is_in_its_place():
    reading = collected().reading()
    assert (reading.status, reading.error) == ("ok", None)
    for channel in reading.channels:
        assert set(channel.temperature) == {22.5}
        assert set(channel.leakage) == {1.25}
        assert set(channel.offset) == {-150}
        assert (channel.lv_positive, channel.bias, channel.lv_negative) == (6.4, 65.1, -6.6)
        assert channel.gain == "high"


def test_what_is_asked_for_now_and_then_is_in_its_place():
    for channel in collected(readings=tuple(Reading)).reading().channels:
        assert list(channel.led_intensity) == [1900, 2000, 2100, 2200, 3200]
        assert list(channel.pin_diode) == [0, 0, 70, 0, 0]
        assert set(channel.dac) == {1898}
        assert channel.gain == "high"


def test_what_was_not_asked_for_is_told_from_what_was_not_answered():
    asked = (*EVERY_CYCLE, Reading.PIN_DIODES)
    board = collected(readings=asked, but=[Request(Reading.PIN_DIODES, 3)])
    board.fail_rest(ReplyTimeout("no reply"))
    reading = board.reading()
    unanswered = reading.channels[3]
    assert unanswered.led_intensity is None
    assert np.isnan(unanswered.pin_diode).all()
    assert unanswered.errors.keys() == {"pin_diodes"}
    assert (reading.status, "1 of 48" in reading.error["what"]) == ("partial", True)


def test_nothing_read_is_down_with_the_first_reason():
    board = Collected("80")
    board.fail(REQUESTS[0], ReplyTimeout("no reply"))
    board.fail_rest(WrongCount("another"))
    reading = board.reading()
    assert reading.status == "down"
    assert reading.error["error"] == "ReplyTimeout"
    assert {channel.channel for channel in reading.channels} == set(range(8))


def test_a_partial_board_counts_and_names_what_failed():
    missing = [Request(Reading.LEAKAGE, channel) for channel in range(6)]
    board = collected(but=missing)
    board.fail_rest(ReplyTimeout("no reply"))
    reading = board.reading()
    assert reading.status == "partial"
    assert "6 of 40" in reading.error["what"]
    assert "leakage of channel 0 (ReplyTimeout)" in reading.error["found"]
    assert "2 more" in reading.error["found"]
    assert [bool(channel.errors) for channel in reading.channels] == [True] * 6 + [False] * 2


def test_a_refused_reply_leaves_nothing_behind():
    request = REQUESTS[0]
    board = collected(but=[request])
    with pytest.raises(WrongCount):
        board.take(request, b"22.5\n\r" * 23 + b">")
    assert np.isnan(board.reading().channels[0].temperature).all()


def test_a_tower_without_a_number_makes_the_board_partial_but_not_down():
    board = collected(but=REQUESTS[:1])
    board.take(REQUESTS[0], b"nan\n\r" + b"22.5\n\r" * 23 + b">")
    reading = board.reading()
    assert reading.status == "partial"
    assert reading.channels[0].errors["temperatures"]["error"] == "ValuesMissing"
    assert np.isnan(reading.channels[0].temperature).sum() == 1


def test_the_reason_of_a_failed_reading_is_not_overwritten_by_that_of_the_rest():
    board = Collected("80")
    board.fail(REQUESTS[3], WrongCount("23 values"))
    board.fail_rest(ReplyTimeout("no reply"))
    channel = board.reading().channels[3]
    assert channel.errors["temperatures"]["error"] == "WrongCount"
    assert channel.errors["gain"]["error"] == "ReplyTimeout"


def test_the_sample_time_is_that_of_the_first_question():
    board = Collected("80")
    board.mark_sampled(FIRST)
    board.mark_sampled(LATER)
    assert board.reading().sampled_at == FIRST
